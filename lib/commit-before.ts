import { Observable, type Subscriber, type Subscription } from 'rxjs';
import { SessionUnavailableException } from './session.exception.js';
import type { SessionAccess } from './session/session-access.js';

/**
 * Lets each value of a handler through only after what was changed before it is stored, and completes only after the
 * rest is. A failed commit becomes the error of the stream. Values stay in order; while nothing is due, they pass
 * without a promise.
 */
export function commitBefore<V>(source: Observable<V>, session: SessionAccess): Observable<V> {
  return new Observable<V>(
    (subscriber) => new CommittingSubscription(source, session, subscriber).subscription,
  );
}

class CommittingSubscription<V> {
  readonly subscription: Subscription;
  readonly #session: SessionAccess;
  readonly #subscriber: Subscriber<V>;
  /** What waits for a commit, in order. */
  readonly #waiting: (() => void)[] = [];
  #committing = false;

  constructor(source: Observable<V>, session: SessionAccess, subscriber: Subscriber<V>) {
    this.#session = session;
    this.#subscriber = subscriber;
    this.subscription = source.subscribe({
      next: (value) => {
        this.#pass(() => {
          subscriber.next(value);
        });
      },
      // What was changed before the error is committed by the response gate, after the filters have answered.
      error: (error: unknown) => {
        this.#enqueue(() => {
          subscriber.error(error);
        });
      },
      complete: () => {
        this.#pass(() => {
          subscriber.complete();
        });
      },
    });
  }

  #pass(step: () => void): void {
    if (!this.#committing && !this.#session.due) {
      step();
      return;
    }
    this.#waiting.push(step);
    if (!this.#committing) this.#commit();
  }

  #enqueue(step: () => void): void {
    if (this.#committing) this.#waiting.push(step);
    else step();
  }

  #commit(): void {
    this.#committing = true;
    Promise.resolve(this.#session.commitDue()).then(
      () => {
        this.#committing = false;
        this.#flush();
      },
      (error: unknown) => {
        this.#waiting.length = 0;
        this.#subscriber.error(abandoned(this.#session, error));
      },
    );
  }

  #flush(): void {
    while (!this.#committing) {
      const step = this.#waiting.shift();
      if (step === undefined) return;
      step();
    }
  }
}

/** Gives a session up whose commit failed, so that nothing tries again. Returns what exception filters are to answer. */
export function abandoned(session: SessionAccess, cause: unknown): SessionUnavailableException {
  session.abandon();
  return new SessionUnavailableException(cause);
}
