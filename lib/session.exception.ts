import { ServiceUnavailableException, UnauthorizedException } from '@nestjs/common';
import { UnloggedSessionError } from './session.errors.js';

/**
 * The exception that Nest's exception filters get when a session cannot be loaded or stored: a 503 that tells
 * the visitor nothing. `cause` is the SessionError that says what happened.
 *
 * @example
 * // above the class: `@Catch(SessionUnavailableException)`
 * class SorryFilter implements ExceptionFilter { ... }
 */
export class SessionUnavailableException extends ServiceUnavailableException {
  /** @param cause what happened, for the log */
  constructor(cause: unknown) {
    // Nest 11 leaves the response without a text if options are given.
    super(undefined, { cause, description: 'Service Unavailable' });
  }
}

/**
 * Why a sign-in is required: nobody is signed in, or the user signed in longer ago than the handler accepts.
 *
 * @example
 * const pages: Record<SignInReason, string> = { 'signed-out': '/sign-in', 'signed-in-too-long-ago': '/confirm-password' };
 */
export type SignInReason = 'signed-out' | 'signed-in-too-long-ago';

/**
 * The exception that SignedInGuard throws: a 401 whose body names the reason. In GraphQL the reason is in the
 * error's `extensions`, next to the code UNAUTHENTICATED.
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
  /** Sent to GraphQL clients: GraphQL libraries pass on the `extensions` of an error. */
  readonly extensions: { readonly code: 'UNAUTHENTICATED'; readonly reason: SignInReason };

  /** Nobody is signed in, or the user signed in longer ago than `SignedInWithin` allows. */
  readonly reason: SignInReason;

  /** @param reason why */
  constructor(reason: SignInReason) {
    super({ statusCode: 401, error: 'Unauthorized', message: 'Sign in first.', reason });
    this.reason = reason;
    this.extensions = { code: 'UNAUTHENTICATED', reason };
  }
}

/**
 * The user who signs in already has as many sessions as allowed (option `sessionsPerUser` with
 * `when: 'refuse'`). None of the request's changes are stored, and its session is as it was before: an
 * exception filter can respond with the list of the user's devices, or flash a message. If nothing catches
 * the exception, Nest responds with 409. It is not a fault of the application, so Nest does not log it
 * (IntrinsicException); it is a SessionError all the same.
 *
 * @example
 * try { await session.signIn(user.id).commit(); } catch (error) { if (error instanceof SessionLimitError) return tooMany(user); throw error; }
 */
export class SessionLimitError extends UnloggedSessionError {
  readonly statusCode: number = 409;

  /** Sent to GraphQL clients with the message: GraphQL libraries pass on the `extensions` of an error. */
  readonly extensions = { code: 'CONFLICT' } as const;

  /** How many sessions the user may have. */
  readonly max: number;

  /** @param max how many sessions the user may have */
  constructor(max: number) {
    super(
      `The user is signed in on as many devices as allowed (${max}). One of them has to sign out before another can sign in.`,
    );
    this.max = max;
  }
}
