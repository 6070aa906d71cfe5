import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** The header that carries tokens to clients, and what goes with it. */
export interface TokenField {
  readonly name: string;
  /** The name in lower case. */
  readonly key: string;
  /** The header of requests that the answer depends on. */
  readonly vary: string;
  /** What keeps caches from storing the answer for others. */
  readonly cacheControl: string;
}

/** Values of a header, for a head. */
export interface HeadAddition {
  readonly field: TokenField;
  readonly values: readonly string[];
}

/** The header that carries the token of a client with cookies. */
export const SET_COOKIE: TokenField = {
  name: 'set-cookie',
  key: 'set-cookie',
  vary: 'Cookie',
  cacheControl: 'private, no-cache="Set-Cookie"',
};

/** What says how long a response may be kept. */
const CACHING: ReadonlySet<string> = new Set(['cache-control', 'etag', 'expires', 'last-modified']);

/** The arguments of `writeHead`: status, maybe a status message, maybe headers in one of three shapes. */
export type HeadArguments = unknown[];

/**
 * Adds cookies, or a token in a header of its own, to a response that is about to send its head, next to the cookies that the
 * application sets, and keeps shared caches from storing what belongs to one visitor (RFC 9111, 5.2.2; CWE-525).
 *
 * Headers given to `writeHead` win over those set before, name by name: so what the application gave there has to be
 * looked at, and is copied where it has to be changed.
 *
 * @returns the arguments to call the real `writeHead` with
 */
export function addToHead(res: ServerResponse, args: HeadArguments, addition: HeadAddition): HeadArguments {
  const { field, values } = addition;
  const given = givenHeaders(args);
  const explicit = namesNoneOfOurs(given, field.key) ? null : headersOf(given);
  if (explicit === null) {
    setOn(res, addition);
    return args;
  }
  const { token, cacheControl, vary } = namesIn(explicit, field);
  if (field === SET_COOKIE) {
    const present = valuesOf(explicit[token] ?? res.getHeader(token));
    explicit[token] = [...present, ...missingIn(present, values)];
  } else {
    explicit[token] = values.join(', ');
  }
  if (explicit[cacheControl] === undefined && !res.hasHeader(cacheControl))
    explicit[cacheControl] = field.cacheControl;
  const varies = explicit[vary] ?? res.getHeader(vary);
  if (!mentions(varies, field.vary)) explicit[vary] = [...valuesOf(varies), field.vary].join(', ');
  return withHeaders(args, explicit);
}

/** Whether a head sets cookies of the application's own. @param args of `writeHead` */
export function setsCookies(res: ServerResponse, args: readonly unknown[]): boolean {
  if (res.hasHeader('set-cookie')) return true;
  const explicit = headersOf(givenHeaders(args));
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
  const explicit = headersOf(givenHeaders(args));
  if (explicit === null) return args;
  for (const name of Object.keys(explicit)) if (CACHING.has(name.toLowerCase())) delete explicit[name];
  return withHeaders(args, explicit);
}

/** What `writeHead` was given for headers: behind the status, and behind the status message where there is one. */
function givenHeaders(args: readonly unknown[]): unknown {
  return typeof args[1] === 'string' ? args[2] : args[1];
}

function withHeaders(args: HeadArguments, headers: OutgoingHttpHeaders): HeadArguments {
  return typeof args[1] === 'string' ? [args[0], args[1], headers] : [args[0], headers];
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
function namesNoneOfOurs(given: unknown, key: string): boolean {
  if (typeof given !== 'object' || given === null) return true;
  if (Array.isArray(given)) return false;
  for (const name in given) {
    const lower = name.toLowerCase();
    if (lower === key || lower === 'cache-control' || lower === 'vary') return false;
  }
  return true;
}

function setOn(res: ServerResponse, { field, values }: HeadAddition): void {
  if (field === SET_COOKIE) appendCookies(res, values);
  else res.setHeader(field.name, values.join(', '));
  if (!res.hasHeader('cache-control')) res.setHeader('cache-control', field.cacheControl);
  const varies = res.getHeader('vary');
  if (varies === undefined) res.setHeader('vary', field.vary);
  else if (!mentions(varies, field.vary)) res.appendHeader('vary', field.vary);
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
function namesIn(
  headers: OutgoingHttpHeaders,
  field: TokenField,
): { token: string; cacheControl: string; vary: string } {
  const names = { token: field.name, cacheControl: 'cache-control', vary: 'vary' };
  for (const key in headers) {
    const name = key.toLowerCase();
    if (name === field.key) names.token = key;
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

function mentions(value: unknown, name: string): boolean {
  if (value === undefined) return false;
  const token = name.toLowerCase();
  return valuesOf(value)
    .flatMap((line) => line.split(','))
    .some((part) => part.trim() === '*' || part.trim().toLowerCase() === token);
}
