import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { type Observable, catchError, from, mergeMap, throwError } from 'rxjs';
import { sessionContext } from '../../session/session.context.js';
import type { RequestSession } from '../../session/request-session.js';
import { observeInContext } from '../context/observe-in-context.js';
import type { Method } from '../handler-methods.js';
import { commitAtOnce, commitBefore, withCommits } from './commit-before.js';

/**
 * Commits the session of a message before each value of its handler goes to the client, and before an error goes to the
 * filters. All of it is handed on in the context of the message.
 */
export class MessageInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const session = sessionContext.getStore();
    if (session === undefined) return next.handle();
    const answers = commitBefore(next.handle(), session).pipe(
      catchError((error: unknown) => from(committed(session)).pipe(mergeMap(() => throwError(() => error)))),
    );
    return observeInContext(session, answers);
  }
}

/** The error of the handler is what its client hears of; that of a commit behind it is found by the commit that follows. */
async function committed(session: RequestSession): Promise<void> {
  try {
    await session.commitDue();
  } catch {
    // What could not be stored stays due: the commit behind the handler reports it.
  }
}

const committing = new WeakSet<Method>();

/**
 * A handler of messages that stores what it has written when it is through, also where it returns a stream. Interceptors
 * cannot do that: they hear of a stream by its values.
 */
export function committingHandler(handler: Method): Method {
  if (committing.has(handler)) return handler;
  const value = withCommits(handler, commitAtOnce);
  committing.add(value);
  return value;
}
