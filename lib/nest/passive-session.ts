import { type CanActivate, type ExecutionContext, Injectable, UseGuards } from '@nestjs/common';
import { isSaidByAllRoots } from '../graphql/root-fields.js';
import type { RequestSession } from '../session/request-session.js';
import { currentSession } from './current-session.js';

/** A guard that lets everybody pass, because guards are the first to know the handler: no interceptor has answered yet. */
@Injectable()
class PassiveSessionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const session = currentSession(context);
    if (context.getType<string>() !== 'graphql' || isPassiveOperation(context.getArgs(), session))
      session?.bePassive();
    return true;
  }
}

/** One operation calls many resolvers, and one request may bring several operations: it is a visit where one of them is. */
function isPassiveOperation(args: readonly unknown[], session: RequestSession | undefined): boolean {
  return !Array.isArray(session?.host.body?.()) && isSaidByAllRoots(args);
}

/**
 * A handler, or a controller, that reads the session and neither renews it nor uses its flash messages up: what a page asks
 * for by itself (polls, notifications) must not keep its visitor signed in for ever, nor use up his messages. Messages can be
 * read. What is written is stored, and the session lives no longer for it. An operation of GraphQL is passive where the handlers of
 * all its root fields are, and no other operation comes with the same request.
 *
 * @example
 * // above the handler: `@PassiveSession()`
 * unread(@Session('userId') userId: string) { return this.messages.countUnread(userId); }
 */
export function PassiveSession(): ClassDecorator & MethodDecorator {
  return UseGuards(PassiveSessionGuard);
}
