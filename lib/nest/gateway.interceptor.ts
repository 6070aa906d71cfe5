import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Observable } from 'rxjs';
import { inContextOf, sessionContext } from '../session/session.context.js';
import { commitBefore } from './commit-before.js';

/**
 * Commits the session of a message before each value of its handler goes to the client, and before an error goes to the
 * filters. What is handed on, is handed on in the context of the message: a stream that several clients listen to sends
 * its values, and its error, from somewhere else.
 */
export class GatewayInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const session = sessionContext.getStore();
    if (session === undefined) return next.handle();
    return new Observable((subscriber) =>
      commitBefore(next.handle(), session).subscribe({
        next: (value) => inContextOf(session, () => subscriber.next(value)),
        complete: () => inContextOf(session, () => subscriber.complete()),
        error: (error: unknown) => {
          const fail = (): void => inContextOf(session, () => subscriber.error(error));
          const pending = session.commitDue();
          if (pending === undefined) fail();
          else pending.then(fail, fail);
        },
      }),
    );
  }
}
