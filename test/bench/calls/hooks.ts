/** Module loader hooks that load the package from a given folder, with its functions instrumented. */
import type { InitializeHook, LoadHook, ResolveHook } from 'node:module';
import { instrument } from './instrument.js';

/** The data passed to the hooks at registration. */
export interface HooksData {
  /** The URL of the package's folder, with a trailing slash. */
  readonly packageUrl: string;
  /** The URL of the module that records the calls. */
  readonly traceUrl: string;
}

const packageName = 'nestjs-session-kit';
let data: HooksData | undefined;

export const initialize: InitializeHook<HooksData> = (given) => {
  data = given;
};

export const resolve: ResolveHook = (specifier, context, nextResolve) => {
  const isOurs = specifier === packageName || specifier.startsWith(`${packageName}/`);
  // A package may import itself by name from anywhere in its folder.
  return isOurs && data !== undefined
    ? nextResolve(specifier, { ...context, parentURL: `${data.packageUrl}package.json` })
    : nextResolve(specifier, context);
};

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  const dist = `${data?.packageUrl}dist/`;
  if (data === undefined || !url.startsWith(dist) || loaded.source === undefined) return loaded;
  const source = Buffer.from(loaded.source as Uint8Array).toString();
  return { ...loaded, source: instrument(source, url.slice(dist.length), data.traceUrl) };
};
