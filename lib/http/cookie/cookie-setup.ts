import type { Secrets } from '../../crypto/hmac.js';
import { Keyring, type VerifiedIds, verifiedIds } from '../../crypto/keyring.js';
import { IN_COOKIES } from '../../lifecycle/sealed/token-limit.js';
import type { TokenPlace } from '../../lifecycle/token-place.js';
import { optionError } from '../../options/read-option.js';
import { type CookieSettings, type PlacedCookie, hasNamePrefix } from '../../options/cookie.options.js';
import { SessionConfigError } from '../../session.errors.js';
import { isSamePlace, mayMeet } from './cookie-place.js';
import { EarlierCookies } from './earlier-cookies.js';
import { CookieCodec } from './cookie-codec.js';
import { SessionHeader } from './session-header.js';
import { Tenants } from './tenants.js';

/** The current cookie, its keys and its earlier places, for one tenant or for an application without tenants. */
export interface CookieSetup {
  readonly cookie: CookieCodec;
  /** The place of the current cookie's tokens. */
  readonly place: TokenPlace;
  /** Null if the cookie has no earlier places. */
  readonly earlierCookies: EarlierCookies | null;
  /** The header of clients without cookies; null if the option is not set. */
  readonly header: SessionHeader | null;
}

/** Where tokens travel in an application. */
export interface TokenSetup extends CookieSetup {
  /**
   * The setups of tenants, if the request decides on the cookie; null otherwise. With tenants, the other
   * fields belong to no tenant.
   */
  readonly tenants: Tenants | null;
}

/** The options for setting up cookies, besides `cookie`. */
interface SetupOptions {
  readonly secrets: Secrets;
  /** How many cookies a token may be split into. */
  readonly maxCookies: number;
  /** The option `header`. */
  readonly header: string | undefined;
}

/**
 * Sets up where tokens travel: the cookie's place, its earlier places, and the header that replaces it.
 *
 * @throws SessionConfigError if attributes contradict each other, or an earlier place is not a place
 */
export function setUpCookies(options: CookieSettings, setup: SetupOptions): TokenSetup {
  const { name, domain } = options;
  if (typeof name !== 'function' && typeof domain !== 'function') {
    return { ...setUpCookie({ ...options, name, domain }, setup, null), tenants: null };
  }
  const amongTenants = verifiedIds();
  const tenants = new Tenants(options, (cookie) => setUpCookie(cookie, setup, amongTenants));
  // What does not depend on the request is checked at once, so that a contradiction that affects all requests
  // stops the boot.
  const ofNobody = {
    ...options,
    name: typeof name === 'function' ? undefined : name,
    domain: typeof domain === 'function' ? undefined : domain,
  };
  return { ...setUpCookie(ofNobody, setup, amongTenants), tenants };
}

/** @param amongTenants null if the application has no tenants */
function setUpCookie(
  options: PlacedCookie,
  { secrets, maxCookies, header }: SetupOptions,
  amongTenants: VerifiedIds | null,
): CookieSetup {
  const cookie = new CookieCodec(options, maxCookies);
  const keyringOf = ({ place: { name, path, domain } }: CookieCodec): Keyring =>
    new Keyring(secrets, name, path, domain, amongTenants);
  const keyring = keyringOf(cookie);
  const earlier = options.formerly
    .flatMap((entry, index) =>
      earlierPlaces(entry, `cookie.formerly[${index}]`, options, cookie, amongTenants !== null),
    )
    .map((each) => ({ cookie: each, keyring: keyringOf(each) }));
  return {
    cookie,
    place: { keyring, maxTokenLength: cookie.maxTokenLength, words: IN_COOKIES },
    earlierCookies: earlier.length === 0 ? null : new EarlierCookies(earlier, { cookie, keyring }),
    header: header === undefined ? null : headerOf(header, cookie, secrets, amongTenants),
  };
}

/**
 * The header has its own keys: the space in their label cannot occur in a cookie name. A tenant's keys are
 * also bound to the place of its cookie.
 */
function headerOf(
  name: string,
  { place }: CookieCodec,
  secrets: Secrets,
  amongTenants: VerifiedIds | null,
): SessionHeader {
  const label = `header ${name.toLowerCase()}`;
  if (amongTenants === null) return new SessionHeader(name, new Keyring(secrets, label));
  const { path, domain } = place;
  return new SessionHeader(name, new Keyring(secrets, `${label} ${place.name}`, path, domain, amongTenants));
}

/**
 * The places that an entry of `formerly` names. An attribute that it omits may have had its current value or
 * its default, so an entry may name several places. Those count that a browser would have kept.
 *
 * @param mayBeNow whether the entry may name only the cookie's current place: with tenants, it may be the
 * current place of one tenant but not of another
 */
function earlierPlaces(
  entry: PlacedCookie['formerly'][number],
  option: string,
  options: PlacedCookie,
  now: CookieCodec,
  mayBeNow: boolean,
): CookieCodec[] {
  const name = entry.name ?? now.name;
  const paths = entry.path === undefined ? [...new Set([now.place.path, '/'])] : [entry.path];
  const domains = entry.domain === undefined ? [...new Set([options.domain, undefined])] : [entry.domain];
  // If the environment decides on `secure`, and thereby on the name, an entry that is meaningful in
  // production may mean nothing on a developer's machine.
  if (options.secure === undefined && !now.secure && hasNamePrefix(name)) return [];
  const mayBeElsewhere = mayBeNow || (options.name === undefined && entry.name !== undefined);
  const refusals: SessionConfigError[] = [];
  const places = paths.flatMap((path) =>
    domains.flatMap((domain) => {
      const variant = { ...options, name, path, domain };
      try {
        return [new CookieCodec(variant, now.maxPieces, option)];
      } catch (error) {
        if (!(error instanceof SessionConfigError)) throw error;
        refusals.push(error);
        return [];
      }
    }),
  );
  if (places.length === 0) throw refusals[0];
  const elsewhere = places.filter(
    // With tenants, a place whose cookie no browser sends here belongs to another tenant.
    ({ place }) => !isSamePlace(place, now.place) && (!mayBeNow || mayMeet(place, now.place)),
  );
  if (elsewhere.length > 0 || mayBeElsewhere) return elsewhere;
  throw optionError(
    option,
    `names the place where the cookie is now: name "${now.name}", path "${now.place.path}", ` +
      `${now.place.domain === null ? 'no domain' : `domain "${now.place.domain}"`}. It takes what 'name', 'path' or 'domain' were before.`,
  );
}
