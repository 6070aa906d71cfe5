import { type CanActivate, type ExecutionContext, Injectable, UseGuards } from '@nestjs/common';
import { currentSession } from './current-session.js';

/** A guard that lets everybody pass, because guards are the first to know the handler: no interceptor has answered yet. */
@Injectable()
class PassiveSessionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    // One operation calls many resolvers, and is a visit if one of them is: the option `passive` names its route.
    if (context.getType<string>() !== 'graphql') currentSession(context)?.bePassive();
    return true;
  }
}

/**
 * A handler, or a controller, that reads the session and neither renews it nor uses its flash messages up: what a page asks
 * for by itself (polls, notifications) must not keep its visitor signed in for ever, nor eat his messages. Messages can be
 * read. What is written is stored, and the session lives no longer for it. Of no effect on resolvers of GraphQL: the option
 * `passive` names their route.
 *
 * @example
 * // above the handler: `@PassiveSession()`
 * unread(@Session('userId') userId: string) { return this.messages.countUnread(userId); }
 */
export function PassiveSession(): ClassDecorator & MethodDecorator {
  return UseGuards(PassiveSessionGuard);
}
