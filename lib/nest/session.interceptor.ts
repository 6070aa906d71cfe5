import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Observable, map } from 'rxjs';
import { answersItself } from './commit/answering-handlers.js';
import { asAnswer, commitBefore } from './commit/commit-before.js';
import { currentSession } from './current-session.js';
import { sessionContext } from '../session/session.context.js';

/**
 * Commits the session before the handler's value becomes a response; a commit that fails is thrown, so that Nest's
 * exception filters answer it. Where the handler answers by itself (`@Res()`), the commit waits for its answer, and one that
 * fails takes the place of that with a 503. `@Session()` and `@Flash()` bring it along for their own handler. Who wants it everywhere
 * provides it globally:
 *
 * @example
 * providers: [{ provide: APP_INTERCEPTOR, useClass: SessionInterceptor }]
 */
@Injectable()
export class SessionInterceptor implements NestInterceptor {
  /** Hands the handler's value on once what was changed before it is stored. */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const session = currentSession(context);
    if (session === undefined) return next.handle();
    // One operation calls many resolvers: whoever opened its session commits once for all of them.
    const isResolver = context.getType<string>() === 'graphql';
    const answers = (): Observable<unknown> =>
      isResolver
        ? next.handle().pipe(map(asAnswer))
        : commitBefore(next.handle(), session, answersItself(context.getHandler()));
    if (sessionContext.getStore() === session) return answers();
    // An interceptor further out has gone on in a callback that belongs to another request.
    return new Observable((subscriber) => sessionContext.run(session, () => answers().subscribe(subscriber)));
  }
}
