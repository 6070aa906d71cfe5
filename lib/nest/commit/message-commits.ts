import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { type Observable, catchError, from, mergeMap, throwError } from 'rxjs';
import { sessionContext } from '../../session/session.context.js';
import type { HostedSession } from '../../session/hosted-session.js';
import { observeInContext } from '../context/observe-in-context.js';
import type { Method } from '../../http/bind-to-request.js';
import { commitAtOnce, commitBefore, withCommits } from './commit-before.js';

/**
 * Commits the session of a message before each value of its handler goes to the client, and before an error
 * goes to the filters. Emits everything in the context of the message.
 */
export class MessageInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const hosted = sessionContext.getStore();
    if (hosted === undefined) return next.handle();
    const answers = commitBefore(next.handle(), hosted).pipe(
      catchError((error: unknown) => from(committed(hosted)).pipe(mergeMap(() => throwError(() => error)))),
    );
    return observeInContext(hosted, answers);
  }
}

/** The client receives the handler's error. A failure of this commit is left to the next commit. */
async function committed(hosted: HostedSession): Promise<void> {
  // Changes that could not be stored stay due: the commit after the handler reports the failure.
  await hosted.commitDue()?.catch(() => undefined);
}

const committing = new WeakSet<Method>();

/**
 * Wraps a message handler so that its changes are stored when it returns, even if it returns a stream. An
 * interceptor cannot do this: it only sees the values of a stream.
 */
export function committingHandler(handler: Method): Method {
  if (committing.has(handler)) return handler;
  const value = withCommits(handler, commitAtOnce);
  committing.add(value);
  return value;
}
