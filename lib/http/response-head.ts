import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

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
  const explicit = headersOf(args[at]);
  if (explicit === null) {
    for (const cookie of cookies) res.appendHeader('set-cookie', cookie);
    if (!res.hasHeader('cache-control')) res.setHeader('cache-control', NO_CACHE);
    if (!mentions(res.getHeader('vary'), 'cookie')) res.appendHeader('vary', 'Cookie');
    return args;
  }
  const own = nameIn(explicit, 'set-cookie');
  if (own === undefined) {
    for (const cookie of cookies) res.appendHeader('set-cookie', cookie);
  } else {
    explicit[own] = [...valuesOf(explicit[own]), ...cookies];
  }
  if (nameIn(explicit, 'cache-control') === undefined && !res.hasHeader('cache-control')) {
    res.setHeader('cache-control', NO_CACHE);
  }
  const vary = nameIn(explicit, 'vary');
  if (vary === undefined) {
    if (!mentions(res.getHeader('vary'), 'cookie')) res.appendHeader('vary', 'Cookie');
  } else if (!mentions(explicit[vary], 'cookie')) {
    explicit[vary] = [...valuesOf(explicit[vary]), 'Cookie'].join(', ');
  }
  const changed = args.slice();
  changed[at] = explicit;
  return changed;
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

function nameIn(headers: OutgoingHttpHeaders, name: string): string | undefined {
  for (const key in headers) if (key.toLowerCase() === name) return key;
  return undefined;
}

function valuesOf(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return values.map(String);
}

function mentions(value: unknown, token: string): boolean {
  return valuesOf(value)
    .flatMap((line) => line.split(','))
    .some((part) => part.trim() === '*' || part.trim().toLowerCase() === token);
}
