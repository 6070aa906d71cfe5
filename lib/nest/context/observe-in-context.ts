import { Observable } from 'rxjs';
import { inContextOf } from '../../session/session.context.js';
import type { RequestSession } from '../../session/request-session.js';

/**
 * An Observable that is subscribed to, and hands on what comes of it, in the context of a session: a stream that several listen to
 * sends its values, and its error, from somewhere else.
 */
export function observeInContext<T>(
  session: RequestSession | undefined,
  source: Observable<T>,
): Observable<T> {
  return new Observable((subscriber) =>
    inContextOf(session, () =>
      source.subscribe({
        next: (value) => inContextOf(session, () => subscriber.next(value)),
        error: (error) => inContextOf(session, () => subscriber.error(error)),
        complete: () => inContextOf(session, () => subscriber.complete()),
      }),
    ),
  );
}
