/**
 * The properties of every event.
 *
 * @example
 * const when = ({ driver, at }: SessionEvent) => `${driver} ${new Date(at).toISOString()}`;
 */
export interface SessionEvent {
  /**
   * The name of the session's driver. For events of a store or its records, the driver of that store (such as
   * a ledger's).
   */
  readonly driver: string;
  /** When it happened, in epoch ms. */
  readonly at: number;
}

/**
 * The properties of events about one session.
 *
 * @example
 * onSessionEvent('moved', ({ handle, at }: SessionEventOfOne) => audit.write('new id', handle, at));
 */
export interface SessionEventOfOne extends SessionEvent {
  /**
   * The session's public name (`session.handle`): it stays the same when the id changes, and does not open
   * the session.
   */
  readonly handle: string;
}

/**
 * How a session ended: its own request destroyed it (`destroyed`) or invalidated it (`invalidated`:
 * `invalidate`, `signOut`), a method of the SessionManager ended it (`manager`: `end`, `endAll`, `destroy`),
 * or its user had one too many (`limit`: option `sessionsPerUser`).
 *
 * @example
 * onSessionEvent('ended', ({ handle, reason }) => {
 *   if (reason === 'limit') notify(handle);
 * });
 */
export type SessionEnd = 'destroyed' | 'invalidated' | 'manager' | 'limit';

/**
 * Why a token was refused: `not-ours` (made by another program, modified, or signed with a secret that is not
 * in the list), `other-driver` (ours, from before the option `driver` was changed), `moved` (`regenerate` has
 * just replaced its id), or `gone` (ours, but its session has ended or expired, or cannot be read).
 *
 * @example
 * onSessionEvent('refused', ({ reason }) => {
 *   if (reason === 'not-ours') alarm.raise();
 * });
 */
export type TokenRefusal = 'not-ours' | 'other-driver' | 'moved' | 'gone';

/**
 * The events of sessions, by name, with their messages. Each event is published on a channel of Node's
 * `diagnostics_channel`, `nestjs-session-kit:<name>`: once per occurrence, synchronously, in the process and
 * the async context in which it happens. Messages never contain an id, a token, or content of a session.
 * Events cost nothing as long as nobody listens.
 *
 * @example
 * const stop = onSessionEvent('committed', ({ ms, size }) => metrics.observe(ms, size));
 * type Committed = SessionEvents['committed'];
 */
export interface SessionEvents {
  /** A session was stored for the first time. `committed` follows. */
  begun: SessionEventOfOne;
  /** A request, a socket message or a job loaded its session. */
  loaded: SessionEventOfOne & {
    /** How long that took, in ms with fractions. */
    readonly ms: number;
    /** When the session began, in epoch ms. */
    readonly createdAt: number;
    /** When it ends unless it is visited, in epoch ms. */
    readonly expiresAt: number;
  };
  /** The changes of a request were stored. A renewal alone does not count. */
  committed: SessionEventOfOne & {
    /** How long that took, in ms with fractions, including the wait for other requests of the same session. */
    readonly ms: number;
    /** The number of attempts: more than one if other processes wrote first. */
    readonly attempts: number;
    /** The length of the stored text, in characters. */
    readonly size: number;
  };
  /**
   * Another request wrote first, so this request's changes were replayed on the stored version. `committed`
   * follows.
   */
  merged: SessionEventOfOne & {
    /** As in `committed`. */
    readonly attempts: number;
  };
  /** A session got a new id (`regenerate`, `signIn`). */
  moved: SessionEventOfOne;
  /** A session now belongs to a user: the value under the option `userKey` was added or changed. */
  'signed-in': SessionEventOfOne;
  /**
   * A session no longer belongs to a user: it has ended, or the value was removed or changed to another
   * user's. Expiry does not count.
   */
  'signed-out': SessionEventOfOne;
  /** A session has ended for good. */
  ended: SessionEventOfOne & { readonly reason: SessionEnd };
  /**
   * Expired records were removed (option `gc`). Not published for stores that expire records themselves
   * (redis, memcached).
   */
  expired: SessionEvent & {
    /** How many. */
    readonly count: number;
  };
  /** A request or a socket message brought a token that opens no session, or a job such an id. */
  refused: SessionEvent & { readonly reason: TokenRefusal };
  /**
   * A token or record was opened with a secret that is not the first of the list: as long as this happens,
   * that secret is still in use.
   */
  'old-secret': SessionEvent & {
    /** What the secret opened: a token, or the payload of a record (option `encrypt`). */
    readonly opened: 'token' | 'record';
    /** The secret's index in the list: 1 for the second. */
    readonly position: number;
  };
  /** A store has begun to fail. */
  'store-failed': SessionEvent & {
    /** The purpose of the failed call. */
    readonly use: 'reading' | 'removing' | 'writing';
  };
  /** A failing store works again. */
  'store-recovered': SessionEvent & {
    /** How long it failed, in ms. */
    readonly ms: number;
    /** How many calls failed meanwhile. */
    readonly failures: number;
  };
}

/**
 * The name of an event.
 *
 * @example
 * const name: SessionEventName = 'signed-in';
 */
export type SessionEventName = keyof SessionEvents;
