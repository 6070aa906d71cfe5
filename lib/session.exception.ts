import { IntrinsicException, ServiceUnavailableException, UnauthorizedException } from '@nestjs/common';
import { SESSION_ERROR, type SessionError } from './session.errors.js';

/**
 * What Nest's exception filters get when a session could not be loaded or stored: a 503 that tells the visitor
 * nothing. `cause` is the SessionError that says what happened.
 *
 * @example
 * // above the class: `@Catch(SessionUnavailableException)`
 * class SorryFilter implements ExceptionFilter { ... }
 */
export class SessionUnavailableException extends ServiceUnavailableException {
  /** @param cause what happened, for the log */
  constructor(cause: unknown) {
    // Nest 11 gives the answer no text of its own where options are given.
    super(undefined, { cause, description: 'Service Unavailable' });
  }
}

/** Why somebody has to sign in: nobody is signed in, or the one who is has been for longer than a handler takes. */
export type SignInReason = 'signed-out' | 'signed-in-too-long-ago';

/**
 * What SignedInGuard throws: a 401, whose body names the reason too. In GraphQL `extensions` of the error have it, beside the
 * code UNAUTHENTICATED.
 *
 * @example
 * // above the class: `@Catch(SignInRequiredException)`
 * class ToSignIn implements ExceptionFilter {
 *   catch({ reason }: SignInRequiredException, host: ArgumentsHost) {
 *     const http = host.switchToHttp();
 *     Session.intended(http.getRequest<Request>().originalUrl);
 *     http.getResponse<Response>().redirect(reason === 'signed-out' ? '/sign-in' : '/confirm-password');
 *   }
 * }
 */
export class SignInRequiredException extends UnauthorizedException {
  /** What clients of GraphQL get: its libraries hand on what an error has under this name. */
  readonly extensions: { readonly code: 'UNAUTHENTICATED'; readonly reason: SignInReason };

  /** Why: nobody is signed in, or somebody has been for longer than `SignedInWithin` allows. */
  readonly reason: SignInReason;

  /** @param reason why */
  constructor(reason: SignInReason) {
    super({ statusCode: 401, error: 'Unauthorized', message: 'Sign in first.', reason });
    this.reason = reason;
    this.extensions = { code: 'UNAUTHENTICATED', reason };
  }
}

/**
 * A user who signs in has as many sessions as he may (option `sessionsPerUser` with `when: 'refuse'`). Nothing of what the request
 * changed is stored, and its session is as it was before: a filter may answer with the list of his devices, or flash a message. Where
 * nobody catches it, Nest answers 409. It is no fault of the application, so Nest says nothing of it in the log (IntrinsicException); it is a
 * SessionError all the same.
 *
 * @example
 * try { await session.signIn(user.id).commit(); } catch (error) { if (error instanceof SessionLimitError) return tooMany(user); throw error; }
 */
export class SessionLimitError extends IntrinsicException implements SessionError {
  /** The status that Nest's default exception filter answers with when nobody catches the error. */
  readonly statusCode: number = 409;

  /** @internal */
  readonly [SESSION_ERROR] = true;

  /** What clients of GraphQL get beside the message: its libraries hand on what an error has under this name. */
  readonly extensions = { code: 'CONFLICT' } as const;

  /** How many sessions he may have. */
  readonly max: number;

  /** @param max how many sessions he may have */
  constructor(max: number) {
    super(
      `The user is signed in on as many devices as he may be (${max}). He has to sign out on one of them before he can sign in here.`,
    );
    this.name = new.target.name;
    this.max = max;
  }

  /** The same as `statusCode`. */
  get status(): number {
    return this.statusCode;
  }

  /** False: what the visitor is told is for the application to say. */
  get expose(): boolean {
    return false;
  }
}
