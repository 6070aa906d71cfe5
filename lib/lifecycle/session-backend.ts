import type { TokenKind } from '../crypto/keyring.js';
import type { ForeignSession } from './taking-over/session-source.js';
import type { ActiveSession } from './active-session.js';
import type { RecordBackend } from './records/record-backend.js';
import type { TakenOver } from './taking-over/taken-over.js';
import type { SessionRuntime } from './session-runtime.js';
import type { Locate } from './watching/watch.js';

/**
 * Where sessions are kept: as records in a store, or sealed in the cookie itself. It keeps nothing of a request: what it
 * finds out about a session it tells that session. It is never called twice for one session at the same time.
 */
export interface SessionBackend {
  /** What its sessions share. */
  readonly runtime: SessionRuntime;

  /** The kinds of tokens that its sessions have. */
  readonly tokenKinds: readonly TokenKind[];

  /** Whether the session itself is what the cookie holds, and is kept nowhere else. */
  livesInCookie(session: ActiveSession): boolean;

  /** Where sessions are kept as records, all of them or some; null where none is. */
  readonly records: RecordBackend | null;

  /** Loads what a token stands for. A token that is not ours, or stands for nothing any more, leaves the session empty. */
  loadByToken(session: ActiveSession, token: string): Promise<void> | void;

  /**
   * Has a session of another library go on here, once, and loads it.
   *
   * @returns null where there is nothing to go on with: it has ended, or was taken over before
   * @throws SessionStoreError
   */
  takeOver(session: ActiveSession, foreign: ForeignSession): Promise<TakenOver | null>;

  /** Loads what is kept under an id that the application chose itself. */
  loadById(session: ActiveSession, id: string): Promise<void> | void;

  /** Loads a stored session once more. */
  reload(session: ActiveSession): Promise<void> | void;

  /**
   * Stores what is due, once. Where it fails, all of that is due again, or its write is kept as pending.
   *
   * @throws SessionStoreError, SessionValueError, SessionTooLargeError
   */
  write(session: ActiveSession): Promise<void> | void;

  /** Extends the lifetime of a stored session now. */
  touch(session: ActiveSession): Promise<void> | void;

  /**
   * Removes a session that was destroyed: what its `removable` says.
   *
   * @returns false where it had gone already
   */
  remove(session: ActiveSession): Promise<boolean> | boolean;

  /**
   * How to ask where a session is by now. Null where nothing is kept that could be asked.
   *
   * @param livesInCookie whether it is one that lives in the cookie, at the time of the question
   */
  locate(livesInCookie: () => boolean): Locate | null;

  /** What the cookie holds. */
  token(session: ActiveSession): string;
}
