import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import type { SessionAccess } from './session-access.js';

/** The attributes of a session's cookie, as far as they are the same for all sessions. */
export interface CookieAttributes {
  readonly path: string;
  readonly domain?: string | undefined;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: string | boolean;
  readonly partitioned?: boolean | undefined;
  readonly priority?: string | undefined;
}

/** What a session needs from where it lives: one request of one application. */
export interface SessionHost {
  /** Makes the lifecycle of this request's session. */
  createLifecycle(): SessionLifecycle;
  /** The tokens that the request carried for the session cookie, likeliest first. */
  readonly tokens: readonly string[];
  readonly cookieAttributes: CookieAttributes;
  /** Whether the head of the response has left, and no cookie can reach the browser any more. */
  readonly headSent: boolean;
  /** Whether the response has ended. */
  readonly ended: boolean;
  /** Where the request may carry tokens from where the cookie was before: these, made into ones of today, likeliest first. */
  readonly formerTokens?: (() => readonly string[]) | undefined;
  /** Calls back once, when the response has ended or the client has gone away: at once where it has. */
  onceOver(done: () => void): void;
  /** Called once, before the session first holds something that may have to be committed. */
  arm(session: SessionAccess): void;
  /** A commit failed, and an exception filter is about to answer. */
  commitFailed(error: unknown): void;
  /** What was changed needs a cookie, and none can be sent any more: nothing of it is stored. */
  tooLate(): void;
  /** The session was changed after the response had ended, and nobody stores that. */
  writtenLate(): void;
  /** The parsed body of the request, where there is one. */
  body(): unknown;
  /** Whether a form field of this name is never flashed. */
  isNeverFlashed(field: string): boolean;
  /** The id behind a signed id, or null. `secret` stands in for the application's own secrets. */
  verify(signedId: string, secret: string | undefined): string | null;
}
