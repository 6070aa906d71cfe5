/** What every event says. */
export interface SessionEvent {
  /** The name of the driver that the session is kept by; of what befalls a store or its records, of the driver of that store (a ledger's). */
  readonly driver: string;
  /** When it happened, in epoch ms. */
  readonly at: number;
}

/** What the events of one session say. */
export interface SessionEventOfOne extends SessionEvent {
  /** The session's public name (`session.handle`): it stays the same when the id changes, and opens nothing. */
  readonly handle: string;
}

/**
 * How a session came to an end: `destroyed` by its own request, `invalidated` by it (`invalidate`, `signOut`), by a call of the
 * `manager` (`SessionManager.end`, `endAll`, `destroy`), or because its user had one too many (`limit`, option `sessionsPerUser`).
 */
export type SessionEnd = 'destroyed' | 'invalidated' | 'manager' | 'limit';

/**
 * Why a token was refused: `not-ours` (another program's, changed, or signed with a secret that is not in the list), `other-driver`
 * (ours, from before the option `driver` was changed), `moved` (`regenerate` has just replaced its id), or `gone` (ours, but its
 * session has ended or expired, or cannot be read).
 */
export type TokenRefusal = 'not-ours' | 'other-driver' | 'moved' | 'gone';

/**
 * What happens to sessions, by name, and what is said of it. Each is published on a channel of Node's `diagnostics_channel`,
 * `nestjs-session-kit:<name>`: once for each thing that happens, in the process that does it, at once, and in the async context of
 * whoever did it. Never an id, a token, or anything of what a session holds. Free as long as nobody listens.
 */
export interface SessionEvents {
  /** A session was stored for the first time. `committed` follows. */
  begun: SessionEventOfOne;
  /** A request, a message on a socket or a job has loaded its session. */
  loaded: SessionEventOfOne & {
    /** How long that took, in ms with fractions. */
    readonly ms: number;
    /** When the session began, in epoch ms. */
    readonly createdAt: number;
    /** When it ends unless it is visited, in epoch ms. */
    readonly expiresAt: number;
  };
  /** What a request changed was stored. A renewal alone is no change. */
  committed: SessionEventOfOne & {
    /** How long that took, in ms with fractions, including the wait for other requests of the same session. */
    readonly ms: number;
    /** How often it was tried: more than once where other processes wrote first. */
    readonly attempts: number;
    /** How long the stored text is, in characters. */
    readonly size: number;
  };
  /** Another request had written first, so this one's changes were replayed on what that one had stored. `committed` follows. */
  merged: SessionEventOfOne & {
    /** As in `committed`. */
    readonly attempts: number;
  };
  /** A session got a new id (`regenerate`, `signIn`). */
  moved: SessionEventOfOne;
  /** A session has become that of a user: there is a value under the option `userKey` that was not there, or another one. */
  'signed-in': SessionEventOfOne;
  /** A session is no longer that of a user: it has ended, or goes on without the value, or with another user's. Expiry is none. */
  'signed-out': SessionEventOfOne;
  /** A session has ended, and nothing can bring it back. */
  ended: SessionEventOfOne & { readonly reason: SessionEnd };
  /** Expired records were removed (option `gc`). Stores that expire records by themselves (redis, memcached) tell nobody. */
  expired: SessionEvent & {
    /** How many. */
    readonly count: number;
  };
  /** A request came with a token that opens no session. */
  refused: SessionEvent & { readonly reason: TokenRefusal };
  /** Something was opened with a secret that is not the first of the list: while this comes, that secret is in use. */
  'old-secret': SessionEvent & {
    /** What it has opened: a token, or the payload of a record (option `encrypt`). */
    readonly opened: 'token' | 'record';
    /** The secret's place in the list: 1 for the second. */
    readonly position: number;
  };
  /** A store has begun to fail. */
  'store-failed': SessionEvent & {
    /** What the call was for that failed. */
    readonly use: 'reading' | 'removing' | 'writing';
  };
  /** A store that failed works again. */
  'store-recovered': SessionEvent & {
    /** How long it failed, in ms. */
    readonly ms: number;
    /** How many calls failed meanwhile. */
    readonly failures: number;
  };
}

/** The name of an event. */
export type SessionEventName = keyof SessionEvents;
