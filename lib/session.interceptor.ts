import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { commitBefore } from './commit-before.js';
import { currentSession } from './current-session.js';

/**
 * Commits the session before the handler's value becomes a response; a commit that fails is thrown, so that Nest's
 * exception filters answer it. `@Session()` and `@Flash()` bring it along for their own handler (HTTP handlers do its work
 * themselves: see commitInHandlers). Who wants it everywhere provides it globally:
 *
 * @example
 * providers: [{ provide: APP_INTERCEPTOR, useClass: SessionInterceptor }]
 */
@Injectable()
export class SessionInterceptor implements NestInterceptor {
  /** Hands the handler's value on once what was changed before it is stored. */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const session = currentSession(context);
    return session === undefined ? next.handle() : commitBefore(next.handle(), session);
  }
}
