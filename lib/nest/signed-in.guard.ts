import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  UseGuards,
  applyDecorators,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { systemClock } from '../drivers/clock.js';
import { type Duration, parseDuration } from '../options/duration.js';
import { SessionConfigError } from '../session.errors.js';
import { SignInRequiredException } from '../session.exception.js';
import { requiredSession } from './current-session.js';

const WITHIN = 'nestjs-session-kit signed in within';

/**
 * Lets a request pass if somebody is signed in. Otherwise throws a SignInRequiredException (401) whose `reason`
 * says why; messages of sockets and microservices are refused in Nest's own way.
 *
 * @example
 * // above a controller, a handler, or for all as APP_GUARD: `@UseGuards(SignedInGuard)`
 */
@Injectable()
export class SignedInGuard implements CanActivate {
  readonly #reflector: Reflector;

  constructor(reflector: Reflector) {
    this.#reflector = reflector;
  }

  /**
   * Whether somebody is signed in, and recently enough if `SignedInWithin` requires it.
   *
   * @throws SignInRequiredException if not; for sockets and microservices Nest itself refuses
   */
  canActivate(context: ExecutionContext): boolean {
    const within = this.#reflector.getAllAndOverride<number | undefined>(WITHIN, [
      context.getHandler(),
      context.getClass(),
    ]);
    const { userId, signedInAt } = requiredSession(context).session;
    const isRecent = within === undefined || systemClock.now() - (signedInAt ?? -Infinity) <= within;
    if (userId !== null && isRecent) return true;
    const type = context.getType<string>();
    // These have their own exceptions: Nest makes one when a guard returns false.
    if (type === 'ws' || type === 'rpc') return false;
    throw new SignInRequiredException(userId === null ? 'signed-out' : 'signed-in-too-long-ago');
  }
}

/**
 * Restricts a handler or controller to users who have signed in recently: before changing a password or sending
 * money. Adds SignedInGuard. A user who was signed in other than by `session.signIn` has no sign-in time and
 * has to sign in again.
 *
 * @param span ms, or text such as '10m'
 * @throws SessionConfigError if it is not a duration above zero
 * @example
 * // above the handler: `@SignedInWithin('10m')`
 */
export function SignedInWithin(span: Duration): ClassDecorator & MethodDecorator {
  const within = parseDuration(span);
  if (within === null) {
    throw new SessionConfigError(
      `@SignedInWithin got ${typeof span === 'string' ? JSON.stringify(span) : String(span)}; it takes milliseconds above zero, or text such as '10m'.`,
    );
  }
  return applyDecorators(SetMetadata(WITHIN, within), UseGuards(SignedInGuard));
}
