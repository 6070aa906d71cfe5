import { type Observable, concatMap, dematerialize, from, materialize, of } from 'rxjs';
import { discardValue } from './discard-value.js';
import { SessionUnavailableException } from './session.exception.js';
import type { SessionAccess } from './session/session-access.js';

/**
 * Lets each value of a handler through only after what was changed before it is stored, and completes only after the
 * rest is. A failed commit becomes the error of the stream. While nothing is due, values pass without a promise.
 */
export function commitBefore<V>(source: Observable<V>, session: SessionAccess): Observable<V> {
  return source.pipe(
    // As notifications, so that completion and error wait in line behind values that wait for a commit.
    materialize(),
    concatMap((step) => {
      // What was changed before an error is committed by the response gate, after the filters have answered.
      const pending = step.kind === 'E' || !session.due ? undefined : session.commitDue();
      if (pending === undefined) return of(step);
      return from(
        pending.then(
          () => step,
          (error: unknown) => {
            if (step.kind === 'N') discardValue(step.value);
            throw abandoned(session, error);
          },
        ),
      );
    }),
    dematerialize(),
  );
}

/** Gives a session up whose commit failed, so that nothing tries again. Returns what exception filters are to answer. */
function abandoned(session: SessionAccess, cause: unknown): SessionUnavailableException {
  session.abandon();
  // Filters that answer a 503 say nothing in the log.
  session.host.commitFailed(cause);
  return new SessionUnavailableException(cause);
}
