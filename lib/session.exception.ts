import { ServiceUnavailableException, UnauthorizedException } from '@nestjs/common';

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
