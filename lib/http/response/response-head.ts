import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** What a session's cookie brings along. */
const OURS: ReadonlySet<string> = new Set(['set-cookie', 'cache-control', 'vary']);

/** What says how long a response may be kept. */
const CACHING: ReadonlySet<string> = new Set(['cache-control', 'etag', 'expires', 'last-modified']);

const NO_CACHE = 'private, no-cache="Set-Cookie"';

/** The arguments of `writeHead`: status, maybe a status message, maybe headers in one of three shapes. */
export type HeadArguments = unknown[];

/**
 * Adds cookies to a response that is about to send its head, next to those that the application sets, and keeps shared
 * caches from storing what belongs to one visitor (RFC 9111, 5.2.2; CWE-525).
 *
 * Headers given to `writeHead` win over those set before, name by name: so what the application gave there has to be
 * looked at, and is copied where it has to be changed.
 *
 * @returns the arguments to call the real `writeHead` with
 */
export function withCookies(
  res: ServerResponse,
  args: HeadArguments,
  cookies: readonly string[],
): HeadArguments {
  const at = typeof args[1] === 'string' ? 2 : 1;
  const given = args[at];
  const explicit = namesNoneOfOurs(given) ? null : headersOf(given);
  if (explicit === null) {
    setOn(res, cookies);
    return args;
  }
  const { setCookie, cacheControl, vary } = namesIn(explicit);
  const present = valuesOf(explicit[setCookie] ?? res.getHeader(setCookie));
  explicit[setCookie] = [...present, ...missingIn(present, cookies)];
  if (explicit[cacheControl] === undefined && !res.hasHeader(cacheControl)) explicit[cacheControl] = NO_CACHE;
  const varies = explicit[vary] ?? res.getHeader(vary);
  if (!mentions(varies, 'cookie')) explicit[vary] = [...valuesOf(varies), 'Cookie'].join(', ');
  const changed = args.slice();
  changed[at] = explicit;
  return changed;
}

/** Whether a head sets cookies of the application's own. @param args of `writeHead` */
export function setsCookies(res: ServerResponse, args: readonly unknown[]): boolean {
  if (res.hasHeader('set-cookie')) return true;
  const explicit = headersOf(args[typeof args[1] === 'string' ? 2 : 1]);
  return explicit !== null && nameIn(explicit, 'set-cookie') !== undefined;
}

/**
 * Takes back what the application had said about keeping a response, where an error is sent in its place: no cache is to
 * keep that (RFC 9111, 5.2.2.5).
 *
 * @returns the arguments to call the real `writeHead` with
 */
export function withoutCaching(res: ServerResponse, args: HeadArguments): HeadArguments {
  for (const name of CACHING) res.removeHeader(name);
  res.setHeader('cache-control', 'no-store');
  const at = typeof args[1] === 'string' ? 2 : 1;
  const explicit = headersOf(args[at]);
  if (explicit === null) return args;
  for (const name of Object.keys(explicit)) if (CACHING.has(name.toLowerCase())) delete explicit[name];
  const changed = args.slice();
  changed[at] = explicit;
  return changed;
}

/**
 * Node searches each header for characters that would end it early, `appendHeader` twice: three microseconds for a sealed
 * session. Ours are made of characters that cannot, so they join the list of cookies when Node has looked at it.
 */
function appendCookies(res: ServerResponse, cookies: readonly string[]): void {
  if (res.hasHeader('set-cookie')) {
    const present = valuesOf(res.getHeader('set-cookie'));
    for (const cookie of missingIn(present, cookies)) res.appendHeader('set-cookie', cookie);
    return;
  }
  const list: string[] = [];
  res.setHeader('set-cookie', list);
  list.push(...cookies);
  // Node keeps the very list; a library that has put itself in front of it may keep another.
  if (res.getHeader('set-cookie') !== list) res.setHeader('set-cookie', list);
}

/** Whether headers given to `writeHead` leave alone those that we set. Of lists, which are rare, that is not asked. */
function namesNoneOfOurs(given: unknown): boolean {
  if (typeof given !== 'object' || given === null) return true;
  if (Array.isArray(given)) return false;
  for (const name in given) if (OURS.has(name.toLowerCase())) return false;
  return true;
}

function setOn(res: ServerResponse, cookies: readonly string[]): void {
  appendCookies(res, cookies);
  if (!res.hasHeader('cache-control')) res.setHeader('cache-control', NO_CACHE);
  const varies = res.getHeader('vary');
  if (varies === undefined) res.setHeader('vary', 'Cookie');
  else if (!mentions(varies, 'cookie')) res.appendHeader('vary', 'Cookie');
}

/** Where Node refused a head, the one that an exception filter writes next finds the cookies set already. */
function missingIn(present: readonly string[], cookies: readonly string[]): readonly string[] {
  return present.length === 0 ? cookies : cookies.filter((cookie) => !present.includes(cookie));
}

/**
 * The headers argument as an object of our own: Node takes an object, a list of pairs, or a flat list of names and
 * values; of a flat list Node 20 drops repeated names.
 */
function headersOf(argument: unknown): OutgoingHttpHeaders | null {
  if (typeof argument !== 'object' || argument === null) return null;
  if (!Array.isArray(argument)) return { ...argument };
  const headers: OutgoingHttpHeaders = {};
  const list: unknown[] = argument;
  if (Array.isArray(list[0])) {
    for (const pair of list) if (Array.isArray(pair)) collect(headers, pair[0], pair[1]);
  } else {
    for (let index = 0; index + 1 < list.length; index += 2) collect(headers, list[index], list[index + 1]);
  }
  return headers;
}

function collect(headers: OutgoingHttpHeaders, name: unknown, value: unknown): void {
  const key = String(name);
  const known = nameIn(headers, key.toLowerCase());
  if (known === undefined) headers[key] = Array.isArray(value) ? value.map(String) : String(value);
  else headers[known] = [...valuesOf(headers[known]), ...valuesOf(value)];
}

/** As the application spelled them, or else in lower case. */
function namesIn(headers: OutgoingHttpHeaders): { setCookie: string; cacheControl: string; vary: string } {
  const names = { setCookie: 'set-cookie', cacheControl: 'cache-control', vary: 'vary' };
  for (const key in headers) {
    const name = key.toLowerCase();
    if (name === 'set-cookie') names.setCookie = key;
    else if (name === 'cache-control') names.cacheControl = key;
    else if (name === 'vary') names.vary = key;
  }
  return names;
}

function nameIn(headers: OutgoingHttpHeaders, name: string): string | undefined {
  for (const key in headers) if (key.toLowerCase() === name) return key;
  return undefined;
}

function valuesOf(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return values.map(String);
}

function mentions(value: unknown, token: string): boolean {
  if (value === undefined) return false;
  return valuesOf(value)
    .flatMap((line) => line.split(','))
    .some((part) => part.trim() === '*' || part.trim().toLowerCase() === token);
}
