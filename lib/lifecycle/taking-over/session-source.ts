/** What a session of another library holds. */
export interface ForeignContent {
  /** Its values, by their names. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Whose session it is, where that is known; it is put under the option `userKey`. Default: what the values say there. */
  readonly userId?: string | number | null | undefined;
  /** When it would have ended without a visit, in epoch ms. Default: not known. */
  readonly expiresAt?: number | null | undefined;
}

/** A session of another library, as a request's cookies name it. */
export interface ForeignSession {
  /**
   * Names it: of one session always the same text, and of no other. It is hashed before anything is kept of it. Null where several
   * visitors may have the very same cookie, such as `{ lang: 'de' }` and its signature: then each request takes it over by itself.
   */
  readonly key: string | null;
  /**
   * Whether `key` names a user rather than one session of his: all his browsers may have the very same cookie. They are told apart by
   * address and user agent, and for half a minute, so that his first requests of one moment meet. Default false.
   */
  readonly isOfUser?: boolean;
  /** What it holds; null where it has ended. Rejects where its store fails. */
  load(): Promise<ForeignContent | null>;
  /** Ends it where it is kept. Left out where that is the cookie alone. Rejects where its store fails. */
  remove?(): Promise<void>;
}

/** Where a cookie of another library lies in the browser: the attributes that it was set with. */
export interface SourceCookie {
  /** Its name. */
  readonly name: string;
  /** Default `/`. */
  readonly path?: string;
  /** Default: the host alone. */
  readonly domain?: string;
  /** Default: in production. */
  readonly secure?: boolean;
  /** Default 'lax'. */
  readonly sameSite?: 'lax' | 'strict' | 'none' | boolean;
  /** Default true. */
  readonly httpOnly?: boolean;
  /** Default false. */
  readonly partitioned?: boolean;
}

/**
 * Where an application kept its sessions before (option `migrate`): one of those in `nestjs-session-kit/migrate`, or one of your
 * own. It is asked only for a request that brings one of its cookies and no session of this package.
 *
 * @example
 * const source: SessionSource = {
 *   name: 'our old sessions',
 *   cookies: [{ name: 'sid' }],
 *   find(valuesOf) {
 *     const sid = old.verified(valuesOf('sid')[0]);
 *     return sid === null ? null : { key: sid, load: () => old.read(sid), remove: () => old.remove(sid) };
 *   },
 * };
 */
export interface SessionSource {
  /** For the log: `express-session`. */
  readonly name: string;
  /** The cookies that it reads, the first of them the one that names the session. They are expired once it is taken over. */
  readonly cookies: readonly SourceCookie[];
  /**
   * The session that the cookies of a request stand for, as far as they alone say it: a signature is verified, a store is not
   * asked. Null for what is not ours; never throws for what a visitor sent.
   *
   * @param valuesOf the values of a cookie as they were sent, not decoded, likeliest first
   */
  find(valuesOf: (name: string) => readonly string[]): ForeignSession | null;
}
