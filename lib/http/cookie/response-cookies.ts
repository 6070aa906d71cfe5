import type { CookieInstruction } from '../../lifecycle/cookie-instruction.js';
import type { PlatformRequest, RawRequest } from '../raw-http.js';
import { type HeadAddition, SET_COOKIE } from '../response/response-head.js';
import type { CookieSetup } from './cookie-setup.js';
import type { ForeignSessionVisit } from './foreign-cookies.js';
import type { SecureCookieWarning } from './secure-cookie-warning.js';
import type { SentTokens } from './sent-tokens.js';

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
  if (due.kind === 'expire') return [...elsewhere, ...cookie.expire(sent.names)];
  if (cookie.secure) secureWarning.check(req, platform);
  const set = cookie.set(due.token, due.maxAge, sent.names);
  return elsewhere.length === 0 ? set : [...elsewhere, ...set];
}
