import { Observable, type Subscriber } from 'rxjs';
import { discardValue } from './discard-value.js';
import { SessionStoreError } from '../session.errors.js';
import { SessionUnavailableException } from '../session.exception.js';
import { FlashMessages } from '../session/flash-messages.js';
import { RequestSession } from '../session/request-session.js';
import type { SessionAccess } from '../session/session-access.js';

/**
 * Lets each value of a handler through only after what was changed before it is stored, and completes only after the
 * rest is. A failed commit becomes the error of the stream. While nothing is due, values pass without a promise.
 *
 * One subscriber of its own, and no pipeline of materialize, concatMap and dematerialize: that keeps the same promise, and
 * takes each request that reads the session four subscribers more.
 */
export function commitBefore(source: Observable<unknown>, session: SessionAccess): Observable<unknown> {
  return new Observable((subscriber) => {
    const line = new CommitLine(session, subscriber);
    return source.subscribe({
      next: (value) => {
        line.next({ value });
      },
      // What was changed before an error is committed by the response gate, after the filters have answered.
      error: (error: unknown) => {
        line.inTurn(() => {
          subscriber.error(asUnavailable(error));
        });
      },
      complete: () => {
        line.next(null);
      },
    });
  });
}

/** The steps of one handler's stream. Each waits for the commits of those before it. */
class CommitLine {
  readonly #session: SessionAccess;
  readonly #subscriber: Subscriber<unknown>;
  /** The last step that waits; null while none does. */
  #last: Promise<void> | null = null;

  constructor(session: SessionAccess, subscriber: Subscriber<unknown>) {
    this.#session = session;
    this.#subscriber = subscriber;
  }

  /** @param step a value, or null for the end */
  next(step: { readonly value: unknown } | null): void {
    this.inTurn(() => this.#commit(step));
  }

  inTurn(step: () => Promise<void> | void): void {
    const pending = this.#last === null ? step() : this.#last.then(step);
    if (pending === undefined) return;
    const last = pending.then(() => {
      if (this.#last === last) this.#last = null;
    });
    this.#last = last;
  }

  #commit(step: { readonly value: unknown } | null): Promise<void> | void {
    // The stream failed, or nobody listens any more.
    if (this.#subscriber.closed) return;
    const pending = this.#session.due ? this.#session.commitDue() : undefined;
    if (pending === undefined) {
      this.#pass(step);
      return;
    }
    return pending.then(
      () => {
        this.#pass(step);
      },
      (error: unknown) => {
        if (step !== null) discardValue(step.value);
        this.#subscriber.error(abandoned(this.#session, error));
      },
    );
  }

  #pass(step: { readonly value: unknown } | null): void {
    if (step === null) this.#subscriber.complete();
    else this.#subscriber.next(asAnswer(step.value));
  }
}

/**
 * A session, or its messages, as what they are when they are sent. JSON would ask them itself; interceptors that make plain
 * objects of instances (ClassSerializerInterceptor) look for properties, and they have none.
 */
function asAnswer(value: unknown): unknown {
  return value instanceof RequestSession || value instanceof FlashMessages ? value.toJSON() : value;
}

/**
 * What exception filters are to answer where a handler's own `commit` or `start` failed for its store. The guard of the store has
 * said so in the log, once; of any other error Nest would say it again for each request.
 */
function asUnavailable(error: unknown): unknown {
  return error instanceof SessionStoreError ? new SessionUnavailableException(error) : error;
}

/** Gives a session up whose commit failed, so that nothing tries again. Returns what exception filters are to answer. */
function abandoned(session: SessionAccess, cause: unknown): SessionUnavailableException {
  session.abandon();
  // Filters that answer a 503 say nothing in the log.
  session.host.commitFailed(cause);
  return new SessionUnavailableException(cause);
}
