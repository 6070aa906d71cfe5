import type { Caller } from '../lifecycle/caller.js';
import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import type { CheckedCookie } from '../options/cookie.options.js';
import type { TokenPlace } from '../lifecycle/token-place.js';
import type { SessionReadonlyError } from '../session.errors.js';
import type { SessionCommits } from './session-commits.js';

/** The attributes of the session cookie that are the same for all sessions. */
export type CookieAttributes = Omit<CheckedCookie, 'name'>;

/** Creates the lifecycles of an application's sessions. Implemented by `SessionLifecycles`. */
export interface LifecycleFactory {
  /**
   * Whether the request is needed, because a driver is created for each. Longer-lived callers keep the
   * request for no other reason.
   */
  readonly needsRequest: boolean;
  /**
   * @param request for a driver that is created for each request
   * @param place where the session's token travels. Default: the cookie
   */
  createLifecycle(caller: Caller, request: unknown, place?: TokenPlace): SessionLifecycle;
}

/**
 * Why a cookie would be needed:
 *
 * - `begin`: to store something although there is no session (any more)
 * - `move`: to continue under another id, or with another session
 * - `seal`: to change a session that lives in the cookie (`stealth`)
 */
export type CookieNeed = 'begin' | 'move' | 'seal';

/** What a session needs from its environment: one request of one application, a message on a socket, or a job. */
export interface SessionHost {
  /** Creates the lifecycle of this request's session. */
  createLifecycle(): SessionLifecycle;
  /** The values of the session cookie in the request, likeliest first. */
  readonly tokens: readonly string[];
  readonly cookieAttributes: CookieAttributes;
  /** Whether the response headers have been sent, so that no cookie can reach the browser any more. */
  readonly headSent: boolean;
  /** Whether the response has ended. */
  readonly isOver: boolean;
  /** Set if no cookie can ever be sent: returns the error for operations that would need one. */
  readonly refusal?: ((need: CookieNeed) => SessionReadonlyError) | undefined;
  /** The error to throw on use if the session could not be loaded. Null if it was loaded, or will be. */
  readonly unavailable?: Error | null;
  /** The reason that the facade gives once `isOver` is true. Default: that the response has ended. */
  readonly endedReason?: string | undefined;
  /**
   * Set if the request may carry tokens of an earlier cookie: returns them converted to current tokens,
   * likeliest first.
   */
  readonly earlierTokens?: (() => readonly string[]) | undefined;
  /**
   * Set if the request may carry a session of another library: takes over that session if there is one.
   * Called if no token opens a session.
   */
  readonly takeOver?: ((life: SessionLifecycle) => Promise<void> | void) | undefined;
  /** Marks the request as passive: its sessions renew nothing and consume no flash messages from now on. */
  readonly bePassive?: (() => void) | undefined;
  /**
   * Calls `done` when the response has ended or the client has disconnected; immediately if that has happened
   * already. May call it twice.
   */
  onceOver(done: () => void): void;
  // Hosts where no response waits for a commit, no form comes in and the session cannot be switched omit the
  // following.
  /** Called once, before the session first has something that may need a commit. */
  arm?(session: SessionCommits): void;
  /** The store failed: `session.isUncached` tells from now on whether a cache may keep the answer. */
  keepUncached?(session: SessionCommits): void;
  /** A commit failed, and an exception filter is about to answer. */
  commitFailed?(error: unknown): void;
  /** Changes need a cookie, and none can be sent any more: they are not stored. */
  reportTooLate?(): void;
  /**
   * The session was changed after the response had ended, and the application has not committed it: the host
   * commits it, or warns that the change is lost.
   */
  writtenAfterEnd?(): void;
  /** The parsed body of the request; undefined if it has none, or nothing has parsed it. If absent, forms cannot be flashed. */
  body?(): unknown;
  /** A form was to be flashed, and there is no parsed body: warns if the request has a body. */
  reportUnparsedForm?(): void;
  /** Whether a form field of this name is never flashed. If absent, no field is flashed. */
  isNeverFlashed?(field: string): boolean;
  /** A Set-Cookie header with the attributes of the session's cookie, for a cookie of the application. */
  setCookieHeader?(name: string, value: string, expires: Date | null): string;
  /** The id behind a signed id, or null. `secret` replaces the application's own secrets. */
  verify?(signedId: string, secret: string | undefined): string | null;
}
