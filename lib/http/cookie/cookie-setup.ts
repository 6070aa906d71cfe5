import { Keyring } from '../../crypto/keyring.js';
import { optionError } from '../../options/check.js';
import type { CookieSettings } from '../../options/cookie.options.js';
import { SessionConfigError } from '../../session.errors.js';
import { isSamePlace } from './cookie-place.js';
import { FormerCookies } from './former-cookies.js';
import { SessionCookie } from './session-cookie.js';

/** The cookie as it is now, its keys, and the cookie as it was before. */
export interface CookieSetup {
  readonly cookie: SessionCookie;
  /** Makes and opens the tokens of the cookie as it is now. */
  readonly keyring: Keyring;
  /** Null where it never was elsewhere. */
  readonly formerCookies: FormerCookies | null;
}

/**
 * Where the cookie lies, and lay.
 *
 * @param maxCookies how many cookies a token may be split into
 * @throws SessionConfigError where attributes contradict each other, or a former place is none
 */
export function setUpCookies(
  options: CookieSettings,
  secrets: readonly string[],
  maxCookies: number,
): CookieSetup {
  const cookie = new SessionCookie(options, maxCookies);
  const keyring = keyringOf(secrets, cookie);
  const places = options.formerly
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
  former: CookieSettings['formerly'][number],
  option: string,
  options: CookieSettings,
  now: SessionCookie,
): SessionCookie[] {
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
      const variant = { ...options, name, path, domain };
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
  throw optionError(
    option,
    `names the place where the cookie is now: name "${now.name}", path "${now.place.path}", ` +
      `${now.place.domain === null ? 'no domain' : `domain "${now.place.domain}"`}. It takes what 'name', 'path' or 'domain' were before.`,
  );
}
