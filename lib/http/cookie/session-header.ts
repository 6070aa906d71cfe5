import type { IncomingHttpHeaders } from 'node:http';
import type { Keyring } from '../../crypto/keyring.js';
import type { CookieInstruction } from '../../lifecycle/cookie-instruction.js';
import type { TokenPlace } from '../../lifecycle/token-place.js';
import type { HeadAddition, TokenField } from '../response/response-head.js';

/**
 * The longest header line to send: common servers and proxies pass on lines of up to 8190 bytes; this leaves
 * some room.
 */
const MAX_LINE = 8000;

/** The header of clients without cookies. */
export class SessionHeader {
  readonly place: TokenPlace;
  /** The field for responses. */
  readonly field: TokenField;
  /** The field for responses that also set the cookie. */
  readonly #besideCookie: TokenField;
  /** The name in Node's request headers. */
  readonly #key: string;

  constructor(name: string, keyring: Keyring) {
    this.#key = name.toLowerCase();
    this.field = { name, vary: name, cacheControl: `private, no-cache="${name}"` };
    this.#besideCookie = { ...this.field, cacheControl: `private, no-cache="Set-Cookie, ${name}"` };
    this.place = {
      keyring,
      maxTokenLength: MAX_LINE - `${name}: `.length,
      words: { as: `bytes in the header ${name}`, by: '(servers and proxies pass on no longer line)' },
    };
  }

  /**
   * The token of a request. The token of another application is not told apart; it just opens nothing.
   *
   * @returns none if the header is empty; null if there is no header, so the client uses cookies
   */
  read(headers: IncomingHttpHeaders): readonly string[] | null {
    const value = headers[this.#key];
    // Node.js joins repeated headers with commas, which no token contains.
    if (typeof value !== 'string') return null;
    return value === '' ? [] : [value];
  }

  /**
   * The header for a client that may or may not keep cookies: it sent neither cookies nor this header, nor
   * anything that only cookie-keeping browsers send. It gets its token in both places and continues with the
   * one it supports.
   *
   * @param token the token that it gets as a cookie
   * @param from the keyring that made the token
   * @returns null for any other client, and if the token is too long for a header
   */
  besideCookie(headers: IncomingHttpHeaders, token: string, from: Keyring): HeadAddition | null {
    if (headers.cookie !== undefined || keepsCookies(headers)) return null;
    const { keyring, maxTokenLength } = this.place;
    const value = keyring.renew(token, from);
    return value === null || value.length > maxTokenLength
      ? null
      : { field: this.#besideCookie, values: [value] };
  }

  /** The header in the response; empty if the session has ended, as the client then has no token. */
  answer(due: Exclude<CookieInstruction, { kind: 'none' }>): HeadAddition {
    return { field: this.field, values: [due.kind === 'expire' ? '' : due.token] };
  }
}

/**
 * Whether the request was sent by a browser, for a page or to the page's own origin: then the browser keeps
 * the cookie. For other origins, it does so only if the page's script asks for it, which no header tells
 * (Fetch Metadata Request Headers, 2; scripts cannot set these headers).
 */
function keepsCookies(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return site === 'same-origin' || site === 'none' || headers['sec-fetch-mode'] === 'navigate';
}
