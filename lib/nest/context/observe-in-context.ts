import { Observable } from 'rxjs';
import { inContextOf } from '../../session/session.context.js';
import type { HostedSession } from '../../session/hosted-session.js';

/**
 * An Observable that is subscribed to, and emits, in the context of a session. A stream with several
 * subscribers may emit its values and its error from another context.
 */
export function observeInContext<T>(hosted: HostedSession | undefined, source: Observable<T>): Observable<T> {
  return new Observable((subscriber) =>
    inContextOf(hosted, () =>
      source.subscribe({
        next: (value) => inContextOf(hosted, () => subscriber.next(value)),
        error: (error) => inContextOf(hosted, () => subscriber.error(error)),
        complete: () => inContextOf(hosted, () => subscriber.complete()),
      }),
    ),
  );
}
