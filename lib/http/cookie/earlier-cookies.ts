import type { Keyring } from '../../crypto/keyring.js';
import type { CookieCodec } from './cookie-codec.js';

/** The cookie in one place, and the keys of its tokens. */
interface KeyedCookie {
  readonly cookie: CookieCodec;
  readonly keyring: Keyring;
}

/**
 * The places of the session cookie before its name, path or domain was changed (option `cookie.formerly`).
 * Cookies still there are read, taken over, and expired. Only created with that option.
 */
export class EarlierCookies {
  readonly #earlier: readonly KeyedCookie[];
  readonly #keyring: Keyring;
  /** The current and earlier names. */
  readonly #names: readonly string[];

  constructor(earlier: readonly KeyedCookie[], now: KeyedCookie) {
    this.#earlier = earlier;
    this.#keyring = now.keyring;
    this.#names = [...new Set([now, ...earlier].map(({ cookie }) => cookie.name))];
  }

  /** Whether a Cookie header may contain a session cookie, current or earlier. */
  mayBeIn(header: string | undefined): header is string {
    return header !== undefined && this.#names.some((name) => header.includes(name));
  }

  /** The tokens under the cookie's current name, those set in its current place first. */
  sorted(tokens: readonly string[]): readonly string[] {
    if (tokens.length < 2) return tokens;
    const isOfNow = (token: string): boolean => this.#keyring.isMarkedHere(token);
    return [...tokens.filter(isOfNow), ...tokens.filter((token) => !isOfNow(token))];
  }

  /** The tokens of earlier places in a Cookie header, converted to tokens of the current place. */
  tokens(header: string): string[] {
    return this.#earlier.flatMap(({ cookie, keyring }) =>
      cookie
        .read(header)
        .tokens.map((token) => this.#keyring.renew(token, keyring))
        .filter((token) => token !== null),
    );
  }

  /**
   * The Set-Cookie headers that expire cookies in earlier places.
   *
   * @param everywhere whether to expire also those that the request did not carry, because it went to another
   * path or host. This keeps a cookie that was out of sight from signing a visitor in again after a sign-out.
   */
  expire(header: string, everywhere: boolean): string[] {
    return this.#earlier.flatMap(({ cookie }) => {
      const { names } = cookie.read(header);
      // Pieces go together, seen or not: one that is left behind would be joined with those of the current place.
      const inPieces = names.some((name) => name !== cookie.name);
      return cookie.expire(everywhere || inPieces ? [...new Set([...cookie.allNames, ...names])] : names);
    });
  }
}
