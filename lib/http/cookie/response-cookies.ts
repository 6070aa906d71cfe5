import type { CookieInstruction } from '../../lifecycle/cookie-instruction.js';
import type { PlatformRequest, RawRequest } from '../raw-http.js';
import { type HeadAddition, SET_COOKIE } from '../response/response-head.js';
import type { CookieSetup } from './cookie-setup.js';
import type { ForeignSessionVisit } from './foreign-cookies.js';
import type { SecureCookieWarning } from './secure-cookie-warning.js';
import type { SentTokens } from './sent-tokens.js';
import type { CookieCodec } from './cookie-codec.js';

type Due = Exclude<CookieInstruction, { kind: 'none' }>;

/** The context of a response. */
interface Exchange {
  readonly setup: CookieSetup;
  readonly sent: SentTokens;
  readonly foreign: ForeignSessionVisit | null;
  readonly secureWarning: SecureCookieWarning;
  readonly req: RawRequest;
  /** Fastify's view of the request, if known. */
  readonly platform: PlatformRequest | null;
}

/**
 * The headers that set or expire the session's token in a response: cookies, the header that replaces them,
 * or both. The lifecycle has decided whether the token is set or expired.
 */
export function tokenAdditions(due: Due, exchange: Exchange): readonly HeadAddition[] {
  const { setup, sent, req } = exchange;
  if (sent.header !== null) return [sent.header.answer(due)];
  const cookies = { field: SET_COOKIE, values: setCookies(due, exchange) };
  const beside =
    setup.header !== null && due.kind === 'set'
      ? setup.header.besideCookie(req.headers, due.token, setup.place.keyring)
      : null;
  // The first of the two carries the caching headers for both.
  return beside === null ? [cookies] : [beside, cookies];
}

/** Also expires cookies left in other places: earlier ones (`cookie.formerly`) and those of other libraries. */
function setCookies(due: Due, { setup, sent, foreign, secureWarning, req, platform }: Exchange): string[] {
  const { cookie, earlierCookies } = setup;
  const elsewhere = foreign === null ? [] : foreign.expire(due, cookie.place);
  const header = req.headers.cookie;
  if (earlierCookies !== null && earlierCookies.mayBeIn(header))
    elsewhere.push(...earlierCookies.expire(header, due.kind === 'expire' || due.fresh));
  const present = presentNames(due, cookie, sent.names);
  if (due.kind === 'expire') return [...elsewhere, ...cookie.expire(present)];
  if (cookie.secure) secureWarning.check(req, platform);
  const set = cookie.set(due.token, due.maxAge, present);
  return elsewhere.length === 0 ? set : [...elsewhere, ...set];
}

/**
 * The names of the session's cookies that the browser may have. A parallel response may have set others than the request
 * carried: a token in pieces or whole, or the first one if the session was found elsewhere (`formerly`, `migrate`). They
 * would hide a token in pieces, or be joined with it, and they would sign in again a visitor who has just signed out.
 *
 * @param carried by the request
 */
function presentNames(due: Due, cookie: CookieCodec, carried: readonly string[]): readonly string[] {
  const isSplit = due.kind === 'set' && cookie.splits(due.token);
  return due.endsSealed || isSplit ? [...new Set([...cookie.allNames, ...carried])] : carried;
}
