import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** The header that carries tokens to clients, and the headers that go with it. */
export interface TokenField {
  readonly name: string;
  /** The name in lower case. */
  readonly key: string;
  /** The request header that the response varies by. */
  readonly vary: string;
  /** The Cache-Control value that keeps caches from storing the response for others. */
  readonly cacheControl: string;
}

/** A header to be added to a head. */
export interface HeadAddition {
  readonly field: TokenField;
  readonly values: readonly string[];
}

/** The header that carries tokens to clients with cookies. */
export const SET_COOKIE: TokenField = {
  name: 'set-cookie',
  key: 'set-cookie',
  vary: 'Cookie',
  cacheControl: 'private, no-cache="Set-Cookie"',
};

/** The headers that control caching. */
const CACHING: ReadonlySet<string> = new Set(['cache-control', 'etag', 'expires', 'last-modified']);

/** The arguments of `writeHead`: status, maybe a status message, maybe headers in one of three shapes. */
export type HeadArguments = unknown[];

/**
 * Adds cookies, or a token in its own header, to a response that is about to send its head. The application's
 * cookies are kept. Also keeps shared caches from storing what belongs to one visitor (RFC 9111, 5.2.2;
 * CWE-525).
 *
 * Headers passed to `writeHead` override those set before, name by name. So the passed headers have to be
 * inspected, and are copied if they have to be changed.
 *
 * @returns the arguments for the real `writeHead`
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

/**
 * Whether a head sets cookies of the application.
 *
 * @param args the arguments of `writeHead`
 */
export function setsCookies(res: ServerResponse, args: readonly unknown[]): boolean {
  if (res.hasHeader('set-cookie')) return true;
  const explicit = headersOf(givenHeaders(args));
  return explicit !== null && nameIn(explicit, 'set-cookie') !== undefined;
}

/**
 * Replaces the application's caching headers when an error is sent instead: no cache may keep it (RFC 9111,
 * 5.2.2.5).
 *
 * @returns the arguments for the real `writeHead`
 */
export function withoutCaching(res: ServerResponse, args: HeadArguments): HeadArguments {
  for (const name of CACHING) res.removeHeader(name);
  res.setHeader('cache-control', 'no-store');
  const explicit = headersOf(givenHeaders(args));
  if (explicit === null) return args;
  for (const name of Object.keys(explicit)) if (CACHING.has(name.toLowerCase())) delete explicit[name];
  return withHeaders(args, explicit);
}

/** The headers passed to `writeHead`: after the status, and after the status message if there is one. */
function givenHeaders(args: readonly unknown[]): unknown {
  return typeof args[1] === 'string' ? args[2] : args[1];
}

function withHeaders(args: HeadArguments, headers: OutgoingHttpHeaders): HeadArguments {
  return typeof args[1] === 'string' ? [args[0], args[1], headers] : [args[0], headers];
}

/**
 * Adds our cookies to the response. Node.js checks each header for characters that would end it early,
 * `appendHeader` twice: three microseconds for a sealed session. Our cookies contain no such characters, so
 * they are added to the list after Node.js has checked it.
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
  // Node.js keeps this same array; a library in front of it may keep another.
  if (res.getHeader('set-cookie') !== list) res.setHeader('set-cookie', list);
}

/**
 * Whether the headers passed to `writeHead` contain none of those we set. Arrays, which are rare, are not
 * checked.
 */
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

/** If Node.js refused a head, the next one, written by an exception filter, finds the cookies already set. */
function missingIn(present: readonly string[], cookies: readonly string[]): readonly string[] {
  return present.length === 0 ? cookies : cookies.filter((cookie) => !present.includes(cookie));
}

/**
 * The headers argument as a new object. Node.js accepts an object, a list of pairs, or a flat list of names
 * and values; Node 20 drops repeated names of a flat list.
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

/** The names as the application spelled them, or else in lower case. */
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
