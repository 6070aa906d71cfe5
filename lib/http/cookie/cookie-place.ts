import { stringifySetCookie } from 'cookie';
import { optionError, shown } from '../../options/read-option.js';
import type { CheckedCookie } from '../../options/cookie.options.js';

/** Where a cookie lies in a browser: those that differ in one of these lie side by side (RFC 6265bis, 5.7). */
export interface CookiePlace {
  readonly name: string;
  readonly path: string;
  /** As browsers compare it; null for the host alone. */
  readonly domain: string | null;
}

/** What can be wrong with a cookie whose attributes fit each other. */
const WRITTEN = {
  name: "letters, digits and !#$%&'*+-.^_`|~ (RFC 6265bis, 4.1.1)",
  domain: 'a host name in ASCII, without scheme and port',
  path: 'a path in ASCII, without a semicolon',
} as const;

/** What follows the value in a Set-Cookie header, lifetime apart. @throws SessionConfigError where it cannot be written */
export function attributesOf(cookie: CheckedCookie, option: string): string {
  const { name, ...attributes } = cookie;
  try {
    return stringifySetCookie({ name, value: '', ...attributes }).slice(name.length + 1);
  } catch (cause) {
    const wrong = isWritable({ name }) ? (isWritable({ path: cookie.path }) ? 'domain' : 'path') : 'name';
    throw optionError(
      `${option}.${wrong}`,
      `got ${shown(cookie[wrong])}, which cannot be written as a cookie; it takes ${WRITTEN[wrong]}.`,
      cause,
    );
  }
}

function isWritable(part: { name?: string; path?: string }): boolean {
  try {
    stringifySetCookie({ name: 'a', value: '', ...part });
    return true;
  } catch {
    return false;
  }
}

/** The place of a cookie, in the spelling in which places are compared. */
export function placeOf({ name, path, domain }: CheckedCookie): CookiePlace {
  return { name, path, domain: domain === undefined ? null : domain.replace(/^\./, '').toLowerCase() };
}

/** Whether two cookies replace each other. */
export function isSamePlace(one: CookiePlace, other: CookiePlace): boolean {
  return one.name === other.name && one.path === other.path && one.domain === other.domain;
}

/** Whether a browser may send both with one request, as far as their domains tell (RFC 6265bis, 5.1.3). */
export function mayMeet({ domain: one }: CookiePlace, { domain: other }: CookiePlace): boolean {
  if (one === null || other === null || one === other) return true;
  return one.endsWith(`.${other}`) || other.endsWith(`.${one}`);
}
