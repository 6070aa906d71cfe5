import { type CanActivate, type ExecutionContext, Injectable, UseGuards } from '@nestjs/common';
import { isSaidByAllRoots } from '../graphql/root-fields.js';
import type { HostedSession } from '../session/hosted-session.js';
import { currentSession } from './current-session.js';

/**
 * A guard that lets every request pass. Guards are the first to know the handler, before an interceptor can
 * answer.
 */
@Injectable()
class PassiveSessionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const hosted = currentSession(context);
    if (context.getType<string>() !== 'graphql' || isPassiveOperation(context.getArgs(), hosted))
      hosted?.bePassive();
    return true;
  }
}

/**
 * An operation calls many resolvers, and a request may bring several operations: it is a visit if one of them
 * is.
 */
function isPassiveOperation(args: readonly unknown[], hosted: HostedSession | undefined): boolean {
  return !Array.isArray(hosted?.host.body?.()) && isSaidByAllRoots(args);
}

/**
 * Marks a handler or controller as one that reads the session without renewing it or using up its flash
 * messages. Requests that a page makes by itself (polls, notifications) must not keep the visitor signed in
 * forever, nor use up their messages. Messages can still be read. Changes are stored, but do not extend the
 * session's lifetime. A GraphQL operation is passive if the handlers of all its root fields are, and if it is
 * the only operation in its request.
 *
 * @example
 * // above the handler: `@PassiveSession()`
 * unread(@Session('userId') userId: string) { return this.messages.countUnread(userId); }
 */
export function PassiveSession(): ClassDecorator & MethodDecorator {
  return UseGuards(PassiveSessionGuard);
}
