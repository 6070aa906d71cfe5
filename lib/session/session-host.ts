import type { Caller } from '../lifecycle/caller.js';
import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import type { CheckedCookie } from '../options/cookie.options.js';
import type { TokenPlace } from '../lifecycle/token-place.js';
import type { SessionReadonlyError } from '../session.errors.js';
import type { SessionCommits } from './session-commits.js';

/** The attributes of a session's cookie, as far as they are the same for all sessions. */
export type CookieAttributes = Omit<CheckedCookie, 'name'>;

/** What makes the lifecycles of an application's sessions: `SessionLifecycles`. */
export interface LifecycleFactory {
  /** Whether the request is needed for that: a driver is made anew for each. Whoever lives longer keeps it for nothing else. */
  readonly needsRequest: boolean;
  /**
   * @param request for a driver that is made anew for each request
   * @param place where its token travels. Default: the cookie
   */
  createLifecycle(caller: Caller, request: unknown, place?: TokenPlace): SessionLifecycle;
}

/**
 * What would need a cookie:
 *
 * - `begin`: to store something where there is no session, or none any more
 * - `move`: to go on under another id, or with another session
 * - `seal`: to change a session that is the cookie itself (`stealth`)
 */
export type CookieNeed = 'begin' | 'move' | 'seal';

/** What a session needs from where it lives: one request of one application, a message on a socket, or a job. */
export interface SessionHost {
  /** Makes the lifecycle of this request's session. */
  createLifecycle(): SessionLifecycle;
  /** The tokens that the request carried for the session cookie, likeliest first. */
  readonly tokens: readonly string[];
  readonly cookieAttributes: CookieAttributes;
  /** Whether the head of the response has left, and no cookie can reach the browser any more. */
  readonly headSent: boolean;
  /** Whether the response has ended. */
  readonly isOver: boolean;
  /** Where no cookie can be sent from the start: the error that what would need one is refused with. */
  readonly refusal?: ((need: CookieNeed) => SessionReadonlyError) | undefined;
  /** Where the session could not be loaded, and whoever uses it is told: the error for that. Null where it was, or will be. */
  readonly unavailable?: Error | null;
  /** What the facade says once `isOver` is true. Default: that the response has ended. */
  readonly endedReason?: string | undefined;
  /** Where the request may carry tokens from where the cookie was before: these, made into ones of today, likeliest first. */
  readonly earlierTokens?: (() => readonly string[]) | undefined;
  /** Where the request may carry a session of another library: has it go on here, where one is found. Asked where no token opens one. */
  readonly takeOver?: ((life: SessionLifecycle) => Promise<void> | void) | undefined;
  /** The request is no visit: the sessions that it works with from here on renew nothing, and use no messages up. */
  readonly bePassive?: (() => void) | undefined;
  /** Calls back when the response has ended or the client has gone away, perhaps twice: at once where it has. */
  onceOver(done: () => void): void;
  // What follows is left out where no response waits for a commit, no form comes in, and no other session can be switched to.
  /** Called once, before the session first holds something that may have to be committed. */
  arm?(session: SessionCommits): void;
  /** A commit failed, and an exception filter is about to answer. */
  commitFailed?(error: unknown): void;
  /** What was changed needs a cookie, and none can be sent any more: nothing of it is stored. */
  tooLate?(): void;
  /** The session was changed after the response had ended, and the application has not committed it: the host does, or says that nobody does. */
  writtenLate?(): void;
  /** The parsed body of the request. */
  body?(): unknown;
  /** Whether a form field of this name is never flashed. Default: all are. */
  isNeverFlashed?(field: string): boolean;
  /** The id behind a signed id, or null. `secret` stands in for the application's own secrets. */
  verify?(signedId: string, secret: string | undefined): string | null;
}
