import { Keyring } from './crypto/keyring.js';
import { type FormerCookie, type SessionCookieOptions, isSamePlace } from './http/cookie-options.js';
import { FormerCookies } from './http/former-cookies.js';
import { SessionCookie } from './http/session-cookie.js';
import { assertKnown, isObject, wrong } from './option-checks.js';
import { SessionConfigError } from './session.errors.js';

/** The cookie as it is now, and what reads what it was before. */
export interface CookieSettings {
  readonly cookie: SessionCookie;
  /** Makes and opens the tokens of the cookie as it is now. */
  readonly keyring: Keyring;
  /** Null where it never was elsewhere. */
  readonly formerCookies: FormerCookies | null;
}

/**
 * Checks the option `cookie`.
 *
 * @param maxCookies how many cookies a token may be split into
 * @throws SessionConfigError
 */
export function cookieSettings(
  given: unknown,
  secrets: readonly string[],
  maxCookies: number,
): CookieSettings {
  const options = cookieOptionsOf(given);
  const cookie = new SessionCookie(options, maxCookies);
  const keyring = keyringOf(secrets, cookie);
  const places = (options.formerly ?? [])
    .flatMap((former, index) => formerPlaces(former, `cookie.formerly[${index}]`, options, cookie))
    .map((place) => {
      const its = keyringOf(secrets, place);
      return { cookie: place, renew: (token: string) => keyring.renew(token, its) };
    });
  return {
    cookie,
    keyring,
    formerCookies:
      places.length === 0
        ? null
        : new FormerCookies(places, cookie.name, (token) => keyring.isMarkedHere(token)),
  };
}

function keyringOf(secrets: readonly string[], { place }: SessionCookie): Keyring {
  return new Keyring(secrets, place.name, place.path, place.domain);
}

/**
 * The places that an entry of `formerly` names. What it leaves out may have been as it is now or as it is by default, so it
 * may name several, of which those count that a browser would have kept.
 */
function formerPlaces(
  former: FormerCookie,
  option: string,
  options: SessionCookieOptions,
  now: SessionCookie,
): SessionCookie[] {
  const { formerly: _formerly, domain: _domain, ...attributes } = options;
  const name = former.name ?? now.name;
  const paths = former.path === undefined ? [...new Set([now.place.path, '/'])] : [former.path];
  const domains = former.domain === undefined ? [...new Set([options.domain, undefined])] : [former.domain];
  // Where the environment decides on `secure`, and by that on the name, an entry that says something in production may say
  // nothing on a developer's machine.
  if (options.secure === undefined && !now.secure && /^__(host|secure)-/i.test(name)) return [];
  const mayBeElsewhere = options.name === undefined && former.name !== undefined;
  const refusals: SessionConfigError[] = [];
  const places = paths.flatMap((path) =>
    domains.flatMap((domain) => {
      const variant = { ...attributes, name, path, ...(domain === undefined ? {} : { domain }) };
      try {
        return [new SessionCookie(variant, now.maxPieces, option)];
      } catch (error) {
        if (!(error instanceof SessionConfigError)) throw error;
        refusals.push(error);
        return [];
      }
    }),
  );
  const [refusal] = refusals;
  if (places.length === 0 && refusal !== undefined) throw refusal;
  const elsewhere = places.filter(({ place }) => !isSamePlace(place, now.place));
  if (elsewhere.length > 0 || mayBeElsewhere) return elsewhere;
  throw new SessionConfigError(
    `Option '${option}' names the place where the cookie is now: name "${now.name}", path "${now.place.path}", ` +
      `${now.place.domain === null ? 'no domain' : `domain "${now.place.domain}"`}. It takes what 'name', 'path' or 'domain' were before.`,
  );
}

const TAKES = {
  name: 'text',
  path: 'text',
  domain: 'text',
  httpOnly: 'true or false',
  secure: 'true or false',
  partitioned: 'true or false',
  sameSite: "'lax', 'strict', 'none', true or false",
  priority: "'low', 'medium' or 'high'",
  formerly: "a list such as [{ path: '/shop' }]",
};

function cookieOptionsOf(cookie: unknown): SessionCookieOptions {
  if (cookie === undefined) return {};
  if (!isObject(cookie)) throw wrong('cookie', cookie, 'an object such as { name, path, sameSite }');
  for (const [name, value] of Object.entries(cookie)) {
    const allowed = Object.entries(TAKES).find(([known]) => known === name)?.[1];
    if (allowed === undefined) {
      throw new SessionConfigError(
        `Option 'cookie.${name}' does not exist. Known are ${Object.keys(TAKES).join(', ')}; the lifetime is the option 'age'.`,
      );
    }
    if (value !== undefined && !fits(value, allowed)) throw wrong(`cookie.${name}`, value, allowed);
  }
  const { formerly } = cookie;
  if (Array.isArray(formerly)) formerly.forEach(assertFormer);
  return cookie;
}

function assertFormer(former: unknown, index: number): void {
  const option = `cookie.formerly[${index}]`;
  const known = ['name', 'path', 'domain'];
  if (!isObject(former)) throw wrong(option, former, 'an object such as { name, path, domain }');
  assertKnown(option, former, known);
  for (const field of known) {
    const value = former[field];
    if (value !== undefined && !fits(value, 'text')) throw wrong(`${option}.${field}`, value, 'text');
  }
}

function fits(value: unknown, allowed: string): boolean {
  if (allowed === 'text') return typeof value === 'string' && value !== '';
  if (allowed.startsWith('a list')) return Array.isArray(value);
  if (typeof value === 'boolean') return allowed.includes('true');
  return typeof value === 'string' && allowed.includes(`'${value}'`);
}
