import type { CheckedCookie } from '../../options/cookie.options.js';

/** The place of a cookie in a browser: cookies that differ in one of these coexist (RFC 6265bis, 5.7). */
export interface CookiePlace {
  readonly name: string;
  readonly path: string;
  /** As browsers compare it; null: only the host. */
  readonly domain: string | null;
}

/** The place of a cookie, normalized for comparison. */
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
