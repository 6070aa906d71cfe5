import type { CheckedCookie } from '../../options/cookie.options.js';

/** Where a cookie lies in a browser: those that differ in one of these lie side by side (RFC 6265bis, 5.7). */
export interface CookiePlace {
  readonly name: string;
  readonly path: string;
  /** As browsers compare it; null for the host alone. */
  readonly domain: string | null;
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
