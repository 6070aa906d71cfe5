import type { IncomingHttpHeaders } from 'node:http';
import type { CookieSetup } from './cookie-setup.js';
import type { RequestCookies } from './cookie-codec.js';
import type { SessionHeader } from './session-header.js';

/** The session tokens that a request or a handshake carried. */
export interface SentTokens extends RequestCookies {
  /** Reads the tokens in the cookie's earlier places; undefined if there are none. */
  readonly earlierTokens: (() => readonly string[]) | undefined;
  /** The header that carried the tokens; null if they came in cookies, or there are none. */
  readonly header: SessionHeader | null;
}

/**
 * Finds the session tokens in the headers of a request: in the header that replaces the cookie, if present,
 * or else in cookies.
 */
export function sentTokens(
  { header, cookie, earlierCookies }: CookieSetup,
  headers: IncomingHttpHeaders,
): SentTokens {
  const inHeader = header === null ? null : header.read(headers);
  if (inHeader !== null) return { tokens: inHeader, names: [], earlierTokens: undefined, header };
  const { tokens, names } = cookie.read(headers.cookie);
  if (earlierCookies === null) return { tokens, names, earlierTokens: undefined, header: null };
  const sent = headers.cookie;
  const earlierTokens = earlierCookies.mayBeIn(sent) ? () => earlierCookies.tokens(sent) : undefined;
  return { tokens: earlierCookies.sorted(tokens), names, earlierTokens, header: null };
}
