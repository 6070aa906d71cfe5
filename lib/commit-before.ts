import { Observable, type Subscriber, type Subscription } from 'rxjs';
import { discardValue } from './discard-value.js';
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

/** What is done when all that was changed before it is stored. */
interface Step<V> {
  readonly perform: () => void;
  /** What it hands on; undefined where it hands nothing on. */
  readonly value: V | undefined;
}

class CommittingSubscription<V> {
  readonly subscription: Subscription;
  readonly #session: SessionAccess;
  readonly #subscriber: Subscriber<V>;
  /** What waits for a commit, in order. */
  readonly #waiting: Step<V>[] = [];
  #committing = false;

  constructor(source: Observable<V>, session: SessionAccess, subscriber: Subscriber<V>) {
    this.#session = session;
    this.#subscriber = subscriber;
    this.subscription = source.subscribe({
      next: (value) => {
        this.#pass(() => {
          subscriber.next(value);
        }, value);
      },
      // What was changed before the error is committed by the response gate, after the filters have answered.
      error: (error: unknown) => {
        const perform = (): void => {
          subscriber.error(error);
        };
        if (this.#committing) this.#waiting.push({ perform, value: undefined });
        else perform();
      },
      complete: () => {
        this.#pass(() => {
          subscriber.complete();
        });
      },
    });
  }

  #pass(perform: () => void, value?: V): void {
    if (!this.#committing && !this.#session.due) {
      perform();
      return;
    }
    this.#waiting.push({ perform, value });
    if (!this.#committing) this.#commit();
  }

  #commit(): void {
    this.#committing = true;
    Promise.resolve(this.#session.commitDue()).then(
      () => {
        this.#committing = false;
        this.#flush();
      },
      (error: unknown) => {
        for (const { value } of this.#waiting.splice(0)) discardValue(value);
        this.#subscriber.error(abandoned(this.#session, error));
      },
    );
  }

  #flush(): void {
    while (!this.#committing) {
      const step = this.#waiting.shift();
      if (step === undefined) return;
      step.perform();
    }
  }
}

/** Gives a session up whose commit failed, so that nothing tries again. Returns what exception filters are to answer. */
export function abandoned(session: SessionAccess, cause: unknown): SessionUnavailableException {
  session.abandon();
  // Filters that answer a 503 say nothing in the log.
  session.host.commitFailed(cause);
  return new SessionUnavailableException(cause);
}
