import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Observable, defer, map, mergeMap } from 'rxjs';
import { answersItself } from './commit/answering-handlers.js';
import { asAnswer, commitBefore } from './commit/commit-before.js';
import { currentSession } from './current-session.js';
import type { RequestSession } from '../session/request-session.js';
import { sessionContext } from '../session/session.context.js';

/**
 * Initiates the session where that is not done yet (a guard has switched to it by `setId`), and commits it before the handler's value
 * becomes a response; a commit that fails is thrown, so that Nest's
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
        ? handled(session, next).pipe(map(asAnswer))
        : commitBefore(handled(session, next), session, answersItself(context.getHandler()));
    if (sessionContext.getStore() === session) return answers();
    // An interceptor further out has gone on in a callback that belongs to another request.
    return new Observable((subscriber) => sessionContext.run(session, () => answers().subscribe(subscriber)));
  }
}

/** The handler, called when the session is loaded. One that could not be loaded is not tried again: whoever uses it is told. */
function handled(session: RequestSession, next: CallHandler): Observable<unknown> {
  if (session.initiated || session.host.unavailable) return next.handle();
  return defer(() => session.initiate()).pipe(mergeMap(() => next.handle()));
}
