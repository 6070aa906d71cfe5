import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Observable, catchError, from, mergeMap, throwError } from 'rxjs';
import { inContextOf, sessionContext } from '../session/session.context.js';
import type { RequestSession } from '../session/request-session.js';
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
      commitBefore(next.handle(), session)
        .pipe(
          catchError((error: unknown) =>
            from(committed(session)).pipe(mergeMap(() => throwError(() => error))),
          ),
        )
        .subscribe({
          next: (value) => inContextOf(session, () => subscriber.next(value)),
          error: (error) => inContextOf(session, () => subscriber.error(error)),
          complete: () => inContextOf(session, () => subscriber.complete()),
        }),
    );
  }
}

/** The error of the handler is what its client hears of; that of a commit behind it is found by the commit that follows. */
async function committed(session: RequestSession): Promise<void> {
  try {
    await session.commitDue();
  } catch {
    // Everything is due again.
  }
}
