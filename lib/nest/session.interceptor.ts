import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type Observable, defer, map, mergeMap } from 'rxjs';
import { answersItself } from './commit/answering-handlers.js';
import { asAnswer, commitBefore } from './commit/commit-before.js';
import { currentSession } from './current-session.js';

/**
 * Initiates the session if that has not happened yet (a guard has switched to it by `setId`), and commits it
 * before the handler's value becomes a response. A failed commit is thrown, so that Nest's exception filters
 * answer it. If the handler answers by itself (`@Res()`), the commit waits for its answer, and a failed commit
 * replaces that answer with a 503. `@Session()` and `@Flash()` add this interceptor to their own handler. To
 * use it everywhere, provide it globally:
 *
 * @example
 * providers: [{ provide: APP_INTERCEPTOR, useClass: SessionInterceptor }]
 */
@Injectable()
export class SessionInterceptor implements NestInterceptor {
  /** Emits the handler's value after the changes made before it are stored. */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const hosted = currentSession(context);
    if (hosted === undefined) return next.handle();
    // A failed load is not retried: using the session throws.
    const isReady = hosted.initiated || hosted.host.unavailable;
    const answers = isReady
      ? next.handle()
      : defer(() => hosted.session.initiate()).pipe(mergeMap(() => next.handle()));
    // An operation calls many resolvers: the code that opened its session commits once for all of them.
    if (context.getType<string>() === 'graphql') return answers.pipe(map(asAnswer));
    return commitBefore(answers, hosted, answersItself(context.getHandler()));
  }
}
