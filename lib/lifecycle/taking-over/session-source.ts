/**
 * The content of a session of another library.
 *
 * @example
 * const content: ForeignContent = { values: { cart: ['tea'] }, userId: 'ann', expiresAt: Date.now() + 3_600_000 };
 */
export interface ForeignContent {
  /** The values, by name. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The user, if known; stored under the option `userKey`. Default: what the values hold there. */
  readonly userId?: string | number | null | undefined;
  /** When it would expire without a visit, in epoch ms. Default: not known. */
  readonly expiresAt?: number | null | undefined;
}

/**
 * A session of another library, as named by a request's cookies.
 *
 * @example
 * const found: ForeignSession = { key: sid, load: () => old.read(sid), remove: () => old.remove(sid) };
 */
export interface ForeignSession {
  /**
   * Identifies the session: always the same text for one session, and never that of another. It is hashed
   * before it is stored. Null if several visitors may have the very same cookie, such as `{ lang: 'de' }` and
   * its signature: then each request takes the session over by itself.
   */
  readonly key: string | null;
  /**
   * Whether `key` names a user rather than one session, so that all browsers of that user may have the very
   * same cookie. They are then told apart by address and user agent, and only for half a minute, so that
   * parallel first requests share one session. Default false.
   */
  readonly isOfUser?: boolean;
  /** Returns the content; null if the session has ended. Rejects if its store fails. */
  load(): Promise<ForeignContent | null>;
  /** Ends the session in its store. Omitted if only the cookie holds it. Rejects if its store fails. */
  remove?(): Promise<void>;
}

/**
 * A cookie of another library: the attributes that it was set with.
 *
 * @example
 * const cookies: SourceCookie[] = [{ name: 'sid', path: '/shop', secure: true }];
 */
export interface SourceCookie {
  /** Its name. */
  readonly name: string;
  /** Default `/`. */
  readonly path?: string;
  /** Default: only the host. */
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
 * Where an application kept its sessions before (option `migrate`): one of those in
 * `nestjs-session-kit/migrate`, or a custom one. It is used only for a request that brings one of its cookies
 * and no session of this package.
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
  /** Name for the log, such as `express-session`. */
  readonly name: string;
  /** The cookies that it reads. The first one names the session. They are expired once the session is taken over. */
  readonly cookies: readonly SourceCookie[];
  /**
   * Returns the session that a request's cookies name, judging by the cookies alone: verifies signatures, but
   * asks no store. Returns null for cookies that are not its own; never throws because of what a visitor
   * sent.
   *
   * @param valuesOf the values of a cookie as sent, not decoded, likeliest first
   */
  find(valuesOf: (name: string) => readonly string[]): ForeignSession | null;
}
