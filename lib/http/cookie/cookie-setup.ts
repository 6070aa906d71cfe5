import { Keyring, type VerifiedIds, verifiedIds } from '../../crypto/keyring.js';
import { IN_COOKIES } from '../../lifecycle/sealed/token-limit.js';
import type { TokenPlace } from '../../lifecycle/token-place.js';
import { optionError } from '../../options/read-option.js';
import type { CookieSettings, PlacedCookie } from '../../options/cookie.options.js';
import { SessionConfigError } from '../../session.errors.js';
import { isSamePlace, mayMeet } from './cookie-place.js';
import { EarlierCookies } from './earlier-cookies.js';
import { SessionCookie } from './session-cookie.js';
import { SessionHeader } from './session-header.js';
import { Tenants } from './tenants.js';

/** The cookie as it is now, its keys, and the cookie as it was before; of one tenant, or of an application that has none. */
export interface CookieSetup {
  readonly cookie: SessionCookie;
  /** Makes and opens the tokens of the cookie as it is now. */
  readonly keyring: Keyring;
  /** Of the cookie as it is now. */
  readonly place: TokenPlace;
  /** Null where it never was elsewhere. */
  readonly earlierCookies: EarlierCookies | null;
  /** Of clients without cookies; null where the option is not set. */
  readonly header: SessionHeader | null;
}

/** Where tokens travel in an application. */
export interface TokenSetup extends CookieSetup {
  /** Where that depends on the request; null where it does not. Then what is said besides is of no tenant. */
  readonly tenants: Tenants | null;
}

/** What cookies are set up with, besides the option `cookie`. */
interface SetupOptions {
  readonly secrets: readonly string[];
  /** How many cookies a token may be split into. */
  readonly maxCookies: number;
  /** The option `header`. */
  readonly header: string | undefined;
}

/**
 * Where tokens travel: where the cookie lies, and lay, and which header stands in for it.
 *
 * @throws SessionConfigError where attributes contradict each other, or an earlier place is none
 */
export function setUpCookies(options: CookieSettings, setup: SetupOptions): TokenSetup {
  const { name, domain } = options;
  if (typeof name !== 'function' && typeof domain !== 'function') {
    return { ...setUpCookie({ ...options, name, domain }, setup, null), tenants: null };
  }
  const amongTenants = verifiedIds();
  const tenants = new Tenants(options, (cookie) => setUpCookie(cookie, setup, amongTenants));
  // What a request does not decide is checked at once: what contradicts itself for everybody stops the boot.
  const ofNobody = {
    ...options,
    name: typeof name === 'function' ? undefined : name,
    domain: typeof domain === 'function' ? undefined : domain,
  };
  return { ...setUpCookie(ofNobody, setup, amongTenants), tenants };
}

/** @param amongTenants null where the application has none */
function setUpCookie(
  options: PlacedCookie,
  { secrets, maxCookies, header }: SetupOptions,
  amongTenants: VerifiedIds | null,
): CookieSetup {
  const cookie = new SessionCookie(options, maxCookies);
  const keyringOf = ({ place: { name, path, domain } }: SessionCookie): Keyring =>
    new Keyring(secrets, name, path, domain, amongTenants);
  const keyring = keyringOf(cookie);
  const earlier = options.formerly
    .flatMap((entry, index) =>
      earlierPlaces(entry, `cookie.formerly[${index}]`, options, cookie, amongTenants !== null),
    )
    .map((each) => ({ cookie: each, keyring: keyringOf(each) }));
  return {
    cookie,
    keyring,
    place: { keyring, maxTokenLength: cookie.maxTokenLength, words: IN_COOKIES },
    earlierCookies: earlier.length === 0 ? null : new EarlierCookies(earlier, { cookie, keyring }),
    header: header === undefined ? null : headerOf(header, cookie, secrets, amongTenants),
  };
}

/** Its keys are its own: no cookie can have a name with a blank in it. A tenant's are bound to where his cookie lies as well. */
function headerOf(
  name: string,
  { place }: SessionCookie,
  secrets: readonly string[],
  amongTenants: VerifiedIds | null,
): SessionHeader {
  const label = `header ${name.toLowerCase()}`;
  if (amongTenants === null) return new SessionHeader(name, new Keyring(secrets, label));
  const { path, domain } = place;
  return new SessionHeader(name, new Keyring(secrets, `${label} ${place.name}`, path, domain, amongTenants));
}

/**
 * The places that an entry of `formerly` names. What it leaves out may have been as it is now or as it is by default, so it
 * may name several, of which those count that a browser would have kept.
 *
 * @param mayBeNow whether it may name no other place than where the cookie is now: that of one tenant and not of another
 */
function earlierPlaces(
  entry: PlacedCookie['formerly'][number],
  option: string,
  options: PlacedCookie,
  now: SessionCookie,
  mayBeNow: boolean,
): SessionCookie[] {
  const name = entry.name ?? now.name;
  const paths = entry.path === undefined ? [...new Set([now.place.path, '/'])] : [entry.path];
  const domains = entry.domain === undefined ? [...new Set([options.domain, undefined])] : [entry.domain];
  // Where the environment decides on `secure`, and by that on the name, an entry that says something in production may say
  // nothing on a developer's machine.
  if (options.secure === undefined && !now.secure && /^__(host|secure)-/i.test(name)) return [];
  const mayBeElsewhere = mayBeNow || (options.name === undefined && entry.name !== undefined);
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
  const elsewhere = places.filter(
    // Among tenants one that no browser sends here is another tenant's.
    ({ place }) => !isSamePlace(place, now.place) && (!mayBeNow || mayMeet(place, now.place)),
  );
  if (elsewhere.length > 0 || mayBeElsewhere) return elsewhere;
  throw optionError(
    option,
    `names the place where the cookie is now: name "${now.name}", path "${now.place.path}", ` +
      `${now.place.domain === null ? 'no domain' : `domain "${now.place.domain}"`}. It takes what 'name', 'path' or 'domain' were before.`,
  );
}
