import { Observable } from 'rxjs';
import { inContextOf } from '../../session/session.context.js';
import type { RequestSession } from '../../session/request-session.js';

/**
 * An Observable that is subscribed to, and emits, in the context of a session. A stream with several
 * subscribers may emit its values and its error from another context.
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
