import type { IncomingHttpHeaders } from 'node:http';
import type { Keyring } from '../../crypto/keyring.js';
import type { CookieInstruction } from '../../lifecycle/cookie-instruction.js';
import type { TokenPlace } from '../../lifecycle/token-place.js';
import type { HeadAddition, TokenField } from '../response/response-head.js';

/** The longest line of a head that common servers and proxies pass on is one of 8190 bytes; some room is left. */
const MAX_LINE = 8000;

const NO_TOKENS: readonly string[] = [];

/** The header of clients without cookies. */
export class SessionHeader {
  readonly place: TokenPlace;
  /** As it goes into responses. */
  readonly field: TokenField;
  /** As it goes into responses that set the cookie as well. */
  readonly #besideCookie: TokenField;
  /** As Node names it in requests. */
  readonly #key: string;

  constructor(name: string, keyring: Keyring) {
    this.#key = name.toLowerCase();
    this.field = { name, key: this.#key, vary: name, cacheControl: `private, no-cache="${name}"` };
    this.#besideCookie = { ...this.field, cacheControl: `private, no-cache="Set-Cookie, ${name}"` };
    this.place = {
      keyring,
      maxTokenLength: MAX_LINE - `${name}: `.length,
      words: { as: `bytes in the header ${name}`, by: '(servers and proxies pass on no longer line)' },
    };
  }

  /**
   * The token of a request. One that is none of ours is not told apart from one: it opens nothing.
   *
   * @returns none where the header is empty; null where there is no header, and so a client with cookies
   */
  read(headers: IncomingHttpHeaders): readonly string[] | null {
    const value = headers[this.#key];
    // Node joins those that come several times with commas, which no token has.
    if (typeof value !== 'string') return null;
    return value === '' ? NO_TOKENS : [value];
  }

  /**
   * The header for a client of which nobody knows whether it keeps cookies: it has sent neither, nor anything that only browsers
   * send which do. It gets its token in both places, and goes on with the one that it can.
   *
   * @param token that it gets as a cookie
   * @param from whose tokens open there
   * @returns null for any other client, and where the token is too long for a header
   */
  besideCookie(headers: IncomingHttpHeaders, token: string, from: Keyring): HeadAddition | null {
    if (headers.cookie !== undefined || keepsCookies(headers)) return null;
    const { keyring, maxTokenLength } = this.place;
    const value = keyring.renew(token, from);
    return value === null || value.length > maxTokenLength
      ? null
      : { field: this.#besideCookie, values: [value] };
  }

  /** The header in the response. It is empty for a client whose session has ended: it has no token any more. */
  answer(due: Exclude<CookieInstruction, { kind: 'none' }>): HeadAddition {
    return { field: this.field, values: [due.kind === 'expire' ? '' : due.token] };
  }
}

/**
 * Whether only a browser sends this, for a page or to the origin of the page: then it keeps the cookie. To other origins it
 * keeps it where the page's script asks for that, which no header says (Fetch Metadata Request Headers, 2; no script can set them).
 */
function keepsCookies(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return site === 'same-origin' || site === 'none' || headers['sec-fetch-mode'] === 'navigate';
}
