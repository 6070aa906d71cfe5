import type { SessionCookie } from './session-cookie.js';

/** A place where the cookie was before. */
interface EarlierPlace {
  /** Reads the cookie there, and expires it. */
  readonly cookie: SessionCookie;
  /** What a token of that place becomes in the place where the cookie is now; null where it is worth nothing. */
  readonly renew: (token: string) => string | null;
}

/**
 * Where the session cookie was before its name, path or domain was changed (option `cookie.formerly`). What still lies there
 * is read, taken over, and expired. Without that option there is none of it.
 */
export class EarlierCookies {
  readonly #places: readonly EarlierPlace[];
  /** Of the cookie now and before. */
  readonly #names: readonly string[];

  readonly #isOfNow: (token: string) => boolean;

  /**
   * @param name of the cookie now
   * @param isOfNow whether a token under that name was set where the cookie is now
   */
  constructor(places: readonly EarlierPlace[], name: string, isOfNow: (token: string) => boolean) {
    this.#places = places;
    this.#isOfNow = isOfNow;
    this.#names = [...new Set([name, ...places.map(({ cookie }) => cookie.name)])];
  }

  /** Whether a Cookie header may hold a session cookie, of now or of before. */
  mayBeIn(header: string | undefined): header is string {
    return header !== undefined && this.#names.some((name) => header.includes(name));
  }

  /** The tokens under the name that the cookie has now, those first that were set where it is now. */
  sorted(tokens: readonly string[]): readonly string[] {
    if (tokens.length < 2) return tokens;
    const isOfNow = this.#isOfNow;
    return [...tokens.filter((token) => isOfNow(token)), ...tokens.filter((token) => !isOfNow(token))];
  }

  /** The tokens of former places in a Cookie header, as tokens of the place where the cookie is now. */
  tokens(header: string): string[] {
    return this.#places.flatMap(({ cookie, renew }) =>
      cookie
        .read(header)
        .tokens.map(renew)
        .filter((token) => token !== null),
    );
  }

  /**
   * The Set-Cookie headers that rid the browser of cookies in former places.
   *
   * @param everywhere whether also of those that the request did not show, because it went to another path or host: so that
   * nobody who signed out is signed in again by a cookie that was out of sight. Without its first piece, one in pieces
   * opens nothing.
   */
  expire(header: string, everywhere: boolean): string[] {
    return this.#places.flatMap(({ cookie }) => {
      const { names } = cookie.read(header);
      const unseen = everywhere ? [cookie.name, `${cookie.name}.0`] : [];
      return cookie.expire([...new Set([...unseen, ...names])]);
    });
  }
}
