import type { TokenKind } from '../crypto/keyring.js';
import type { ForeignSession } from './taking-over/session-source.js';
import type { ActiveSession } from './active-session.js';
import type { BaseVersion } from './phase.js';
import type { RecordBackend } from './records/record-backend.js';
import type { TakenOver } from './taking-over/taken-over.js';
import type { SessionRuntime } from './session-runtime.js';
import type { Locate } from './watching/watch.js';

/**
 * Where sessions are kept: as records in a store, or sealed in the cookie itself. A backend holds no state
 * per request; it reports its findings to the session. It is never called twice at once for the same session.
 */
export interface SessionBackend {
  /** What all its sessions share. */
  readonly runtime: SessionRuntime;

  /** The kinds of tokens that its sessions use. */
  readonly tokenKinds: readonly TokenKind[];

  /** Whether the session lives in the cookie and nowhere else. */
  livesInCookie(session: ActiveSession): boolean;

  /** The backend of the sessions kept as records (all or some of them); null if there are none. */
  readonly records: RecordBackend | null;

  /** Loads the session of a token. The session stays empty if the token is not ours or its session is gone. */
  loadByToken(session: ActiveSession, token: string): Promise<void> | void;

  /**
   * Takes over and loads a session of another library, once.
   *
   * @returns null if there is nothing to take over: it has ended, or was taken over before
   * @throws SessionStoreError
   */
  takeOver(session: ActiveSession, foreign: ForeignSession): Promise<TakenOver | null>;

  /** Loads the session of an id that the application chose itself. */
  loadById(session: ActiveSession, id: string): Promise<void> | void;

  /** Reloads a session that is stored as `base`. */
  reload(session: ActiveSession, base: BaseVersion): Promise<void> | void;

  /**
   * Stores what is due, once. After a failure everything is due again, or the write is kept as pending.
   *
   * @throws SessionStoreError, SessionValueError, SessionTooLargeError
   */
  write(session: ActiveSession): Promise<void> | void;

  /** Extends the lifetime of a session that is stored as `base` now. */
  touch(session: ActiveSession, base: BaseVersion): Promise<void> | void;

  /**
   * Removes a destroyed session, as its `removable` says.
   *
   * @returns false if it was already gone
   */
  remove(session: ActiveSession): Promise<boolean> | boolean;

  /**
   * Returns a function that finds where a session is now; null if there is nothing to ask.
   *
   * @param livesInCookie whether the session lives in the cookie at the time of the call
   */
  locate(livesInCookie: () => boolean): Locate | null;

  /** The token for the cookie. */
  token(session: ActiveSession): string;
}
