import type { ServerResponse } from 'node:http';

/** The header that carries tokens to clients, and the headers that go with it. */
export interface TokenField {
  readonly name: string;
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
  vary: 'Cookie',
  cacheControl: 'private, no-cache="Set-Cookie"',
};

/** The headers that control caching, besides those whose name ends in `cache-control`. */
const CACHING: readonly string[] = [
  'etag',
  'expires',
  'last-modified',
  'surrogate-control',
  'x-accel-expires',
];

/** The arguments of `writeHead`: status, maybe a status message, maybe headers in one of three shapes. */
export type HeadArguments = unknown[];

/**
 * Adds cookies, or a token in its own header, to a response that is about to send its head. The application's
 * cookies are kept. Also keeps shared caches from storing what belongs to one visitor (RFC 9111, 5.2.2;
 * CWE-525).
 *
 * @returns the arguments for the real `writeHead`
 */
export function addToHead(res: ServerResponse, args: HeadArguments, addition: HeadAddition): HeadArguments {
  const { field, values } = addition;
  const status = withHeadersSet(res, args);
  if (field === SET_COOKIE) appendCookies(res, values);
  else res.setHeader(field.name, values.join(', '));
  if (!res.hasHeader('cache-control')) res.setHeader('cache-control', field.cacheControl);
  const varies = valuesOf(res.getHeader('vary'));
  if (!mention(varies, field.vary)) res.setHeader('vary', [...varies, field.vary].join(', '));
  return status;
}

/**
 * Whether a head sets cookies of the application.
 *
 * @param args the arguments of `writeHead`
 */
export function setsCookies(res: ServerResponse, args: readonly unknown[]): boolean {
  return res.hasHeader('set-cookie') || headersIn(args).some(([name]) => name.toLowerCase() === 'set-cookie');
}

/**
 * Replaces the application's caching headers when an error is sent instead: no cache may keep it (RFC 9111,
 * 5.2.2.5).
 *
 * @returns the arguments for the real `writeHead`
 */
export function withoutCaching(res: ServerResponse, args: HeadArguments): HeadArguments {
  const status = withHeadersSet(res, args);
  for (const name of res.getHeaderNames()) if (isCaching(name)) res.removeHeader(name);
  res.setHeader('cache-control', 'no-store');
  return status;
}

/**
 * Whether a header controls caching. Some caches obey another one before Cache-Control (RFC 9213: CDN-Cache-Control
 * and the like).
 *
 * @param name in lower case
 */
export function isCaching(name: string): boolean {
  return name.endsWith('cache-control') || CACHING.includes(name);
}

/**
 * Sets the headers passed to `writeHead` on the response, as Node.js would: they override those set before,
 * name by name. From then on all headers are in one place.
 *
 * @returns the arguments without the headers
 */
function withHeadersSet(res: ServerResponse, args: HeadArguments): HeadArguments {
  for (const [name, value] of headersIn(args)) res.setHeader(name, value);
  return args.slice(0, typeof args[1] === 'string' ? 2 : 1);
}

/**
 * The headers passed to `writeHead`, each name once, without those that have no name: Node.js ignores these on a
 * response that has other headers. It accepts an object, a list of pairs, or a flat list of names and values; Node 20
 * drops repeated names of a flat list.
 */
export function headersIn(args: readonly unknown[]): [name: string, value: string | string[]][] {
  return allHeadersIn(args).filter(([name]) => name !== '');
}

function allHeadersIn([, message, headers]: readonly unknown[]): [name: string, value: string | string[]][] {
  const given = headers ?? message;
  if (typeof given !== 'object' || given === null) return [];
  if (!Array.isArray(given)) return Object.entries(given);
  const list: readonly unknown[] = given.flat(Array.isArray(given[0]) ? 1 : 0);
  const found = new Map<string, [name: string, value: string | string[]]>();
  for (let index = 0; index + 1 < list.length; index += 2) {
    const name = String(list[index]);
    const key = name.toLowerCase();
    const value = list[index + 1];
    const before = found.get(key)?.[1];
    // One text stays a text: whoever reads the header on the response expects what was written.
    const all = [...valuesOf(before), ...valuesOf(value)];
    found.set(key, [name, before === undefined && !Array.isArray(value) ? String(value) : all]);
  }
  return [...found.values()];
}

/**
 * Adds our cookies to the response, unless it has them already: if Node.js refused a head, an exception filter
 * writes another. Node.js keeps the list it is given, so it gets a new one: the application may set its own list
 * on the responses of other visitors too.
 *
 * Node.js checks each header for characters that would end it early: one and a half microseconds for a sealed
 * session. Our cookies contain no such characters, so they are added to the list after Node.js has checked it.
 */
function appendCookies(res: ServerResponse, cookies: readonly string[]): void {
  const list = valuesOf(res.getHeader('set-cookie'));
  const missing = cookies.filter((cookie) => !list.includes(cookie));
  res.setHeader('set-cookie', list);
  list.push(...missing);
  // A library in front of Node.js may keep another list.
  if (res.getHeader('set-cookie') !== list) res.setHeader('set-cookie', list);
}

function valuesOf(header: unknown): string[] {
  return header === undefined ? [] : [header].flat().map(String);
}

function mention(varies: readonly string[], name: string): boolean {
  return varies
    .flatMap((line) => line.split(','))
    .some((part) => ['*', name.toLowerCase()].includes(part.trim().toLowerCase()));
}
