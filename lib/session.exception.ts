import { ServiceUnavailableException } from '@nestjs/common';

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
