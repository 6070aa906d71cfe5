import type { Keyring } from '../../crypto/keyring.js';
import type { SessionCookie } from './session-cookie.js';

/** The cookie in one place, and the keys of its tokens there. */
interface KeyedCookie {
  readonly cookie: SessionCookie;
  readonly keyring: Keyring;
}

/**
 * Where the session cookie was before its name, path or domain was changed (option `cookie.formerly`). What still lies there
 * is read, taken over, and expired. Without that option there is none of it.
 */
export class EarlierCookies {
  readonly #earlier: readonly KeyedCookie[];
  readonly #keyring: Keyring;
  /** Of the cookie now and before. */
  readonly #names: readonly string[];

  constructor(earlier: readonly KeyedCookie[], now: KeyedCookie) {
    this.#earlier = earlier;
    this.#keyring = now.keyring;
    this.#names = [...new Set([now, ...earlier].map(({ cookie }) => cookie.name))];
  }

  /** Whether a Cookie header may hold a session cookie, of now or of before. */
  mayBeIn(header: string | undefined): header is string {
    return header !== undefined && this.#names.some((name) => header.includes(name));
  }

  /** The tokens under the name that the cookie has now, those first that were set where it is now. */
  sorted(tokens: readonly string[]): readonly string[] {
    if (tokens.length < 2) return tokens;
    const isOfNow = (token: string): boolean => this.#keyring.isMarkedHere(token);
    return [...tokens.filter(isOfNow), ...tokens.filter((token) => !isOfNow(token))];
  }

  /** The tokens of earlier places in a Cookie header, as tokens of the place where the cookie is now. */
  tokens(header: string): string[] {
    return this.#earlier.flatMap(({ cookie, keyring }) =>
      cookie
        .read(header)
        .tokens.map((token) => this.#keyring.renew(token, keyring))
        .filter((token) => token !== null),
    );
  }

  /**
   * The Set-Cookie headers that rid the browser of cookies in earlier places.
   *
   * @param everywhere whether also of those that the request did not show, because it went to another path or host: so that
   * nobody who signed out is signed in again by a cookie that was out of sight. Without its first piece, one in pieces
   * opens nothing.
   */
  expire(header: string, everywhere: boolean): string[] {
    return this.#earlier.flatMap(({ cookie }) => {
      const { names } = cookie.read(header);
      const unseen = everywhere ? [cookie.name, `${cookie.name}.0`] : [];
      return cookie.expire([...new Set([...unseen, ...names])]);
    });
  }
}
