import { inspect, isDeepStrictEqual } from 'node:util';
import { expiresPiece } from '../support/test-app.js';

/** One parsed Set-Cookie header. */
export interface SetCookie {
  readonly name: string;
  readonly value: string;
  /** Its attributes by lower-case names; a flag is ''. */
  readonly attributes: Readonly<Record<string, string>>;
}

function parseSetCookie(header: string): SetCookie {
  const [pair = '', ...rest] = header.split('; ');
  const at = pair.indexOf('=');
  const attributes = rest.map((each) => {
    const [name = '', value = ''] = each.split('=');
    return [name.toLowerCase(), value] as const;
  });
  return { name: pair.slice(0, at), value: pair.slice(at + 1), attributes: Object.fromEntries(attributes) };
}

/** The attributes of every session cookie. */
const ATTRIBUTES = { path: '/', httponly: '', samesite: 'Lax' };

/** Parses the cookies of a response. Checks their attributes, and that shared caches do not store them. */
export function receivedCookies(headers: Readonly<Record<string, unknown>>): SetCookie[] {
  const lines: unknown = headers['set-cookie'] ?? [];
  const cookies = (Array.isArray(lines) ? lines : [lines])
    .map(String)
    .filter((line) => !expiresPiece(line))
    .map(parseSetCookie);
  for (const { name, value, attributes } of cookies) {
    const { 'max-age': _maxAge, expires, ...others } = attributes;
    // The date of an expired cookie is for clients without Max-Age support.
    const dates = value === '' ? 'Thu, 01 Jan 1970 00:00:00 GMT' : undefined;
    const found = [name, others, expires, headers['cache-control'], headers['vary']];
    const expected = ['session', ATTRIBUTES, dates, 'private, no-cache="Set-Cookie"', 'Cookie'];
    if (!isDeepStrictEqual(found, expected)) throw new Error(`Not the cookie expected: ${inspect(found)}`);
  }
  return cookies;
}

/** Keeps cookies as a browser does: until they expire. */
export class Browser {
  readonly #cookies = new Map<string, { value: string; until: number }>();

  receive({ name, value, attributes }: SetCookie, now: number): void {
    const maxAge = attributes['max-age'];
    const until = maxAge === undefined ? Infinity : now + Number(maxAge) * 1000;
    if (until <= now) this.#cookies.delete(name);
    else this.#cookies.set(name, { value, until });
  }

  /** The Cookie header; undefined if there is no cookie. */
  header(now: number): string | undefined {
    const living = [...this.#cookies].filter(([, { until }]) => until > now);
    return living.length === 0 ? undefined : living.map(([name, { value }]) => `${name}=${value}`).join('; ');
  }
}
