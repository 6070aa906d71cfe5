import { Observable, Subscriber } from 'rxjs';
import { discardValue } from './discard-value.js';
import { SessionStoreError } from '../../session.errors.js';
import { SessionLimitError, SessionUnavailableException } from '../../session.exception.js';
import { FlashMessages } from '../../session/flash-messages.js';
import { RequestSession } from '../../session/request-session.js';
import type { SessionCommits } from '../../session/session-commits.js';

/**
 * Lets each value of a handler through only after what was changed before it is stored, and completes only after the
 * rest is. A failed commit becomes the error of the stream. While nothing is due, values pass without a promise.
 *
 * @param answersItself whether the handler answers by its response object: then the response gate commits, and answers where that
 * fails. An exception filter would answer beside the handler, which may be about to. Default false
 */
export function commitBefore(
  source: Observable<unknown>,
  session: SessionCommits,
  answersItself = false,
): Observable<unknown> {
  return new Observable((subscriber) =>
    source.subscribe(new CommittingSubscriber(subscriber, session, answersItself)),
  );
}

/**
 * The same, and what was changed by then is stored as soon as somebody listens: a handler is through when it returns its stream,
 * and the first value may be long in coming.
 */
export function commitAtOnce(source: Observable<unknown>, session: SessionCommits): Observable<unknown> {
  return new Observable((subscriber) => {
    const committing = new CommittingSubscriber(subscriber, session);
    const subscription = source.subscribe(committing);
    committing.commit();
    return subscription;
  });
}

/** What waits for a commit: a value, or how the stream ends. */
interface Step {
  /** False for an error of the stream: what was changed before is committed by the response gate, after the filters have answered. */
  readonly commits: boolean;
  readonly pass: () => void;
  /** That is thrown away where the commit fails. */
  readonly value?: unknown;
}

/**
 * The subscriber between a handler's stream and its listener. A pipeline of `materialize`, `concatMap` and `dematerialize`
 * would do the same with six more subscribers for each request.
 */
class CommittingSubscriber extends Subscriber<unknown> {
  readonly #listener: Subscriber<unknown>;
  readonly #session: SessionCommits;
  readonly #answersItself: boolean;
  /** What waits behind the commit under way, in order; null while none is. */
  #waiting: Step[] | null = null;

  constructor(listener: Subscriber<unknown>, session: SessionCommits, answersItself = false) {
    super(listener);
    this.#listener = listener;
    this.#session = session;
    this.#answersItself = answersItself;
  }

  /** Stores what is due, unless values wait for that already. */
  commit(): void {
    if (this.#waiting === null && this.#session.due) this.#enqueue({ commits: true, pass: () => undefined });
  }

  protected override _next(value: unknown): void {
    if (this.#isFree) this.#pass(value);
    else this.#enqueue({ commits: true, pass: () => this.#pass(value), value });
  }

  protected override _complete(): void {
    if (this.#isFree) this.#listener.complete();
    else this.#enqueue({ commits: true, pass: () => this.#listener.complete() });
  }

  protected override _error(reason: unknown): void {
    this.#enqueue({ commits: false, pass: () => this.#listener.error(this.#asUnavailable(reason)) });
  }

  /**
   * What exception filters are to answer where a handler's own `commit` or `start` failed for its store. The guard of the store has
   * said so in the log, once; of any other error Nest would say it again for each request. What is still due is not tried again: the
   * answer of the filter would wait for that, and give way to another 503.
   */
  #asUnavailable(error: unknown): unknown {
    if (!(error instanceof SessionStoreError)) return error;
    if (this.#session.due) this.#session.abandon();
    return new SessionUnavailableException(error);
  }

  #pass(value: unknown): void {
    let answer: unknown;
    try {
      answer = asAnswer(value);
    } catch (error) {
      // A session that was returned cannot be read between `setId` and `start`.
      this.#listener.error(error);
      return;
    }
    this.#listener.next(answer);
  }

  /** Whether there is nothing to wait for. */
  get #isFree(): boolean {
    return this.#waiting === null && !(this.#session.due && this.#isMine);
  }

  /** Whether commits are made here. Once the response is over, no gate makes them any more. */
  get #isMine(): boolean {
    return !this.#answersItself || this.#session.host.ended;
  }

  #enqueue(step: Step): void {
    if (this.#waiting !== null) this.#waiting.push(step);
    else void this.#passAll((this.#waiting = [step]));
  }

  /** Commits and passes one after the other: at once, until a commit takes time. */
  async #passAll(steps: Step[]): Promise<void> {
    // Nothing is passed on once the stream has failed, or its listener has unsubscribed.
    for (let step = steps.shift(); step !== undefined && !this.#listener.closed; step = steps.shift()) {
      try {
        const pending = step.commits && this.#isMine ? this.#session.commitDue() : undefined;
        if (pending !== undefined) await pending;
      } catch (error) {
        this.#fail(error, step.value);
        break;
      }
      step.pass();
    }
    this.#waiting = null;
  }

  #fail(error: unknown, value: unknown): void {
    discardValue(value);
    // The session is as it was before, and goes on.
    const isRefused = error instanceof SessionLimitError;
    this.#listener.error(isRefused ? error : abandoned(this.#session, error));
  }
}

/**
 * A session, or its messages, as what they are when they are sent. JSON would ask them itself; interceptors that make plain
 * objects of instances look for properties, and they have none. (What stands deeper in a value, ClassSerializerInterceptor
 * has to find by itself: `registerTransforms`.)
 */
export function asAnswer(value: unknown): unknown {
  return value instanceof RequestSession || value instanceof FlashMessages ? value.toJSON() : value;
}

/** Abandons a session whose commit failed, so that it is not committed again. Returns what exception filters are to answer. */
function abandoned(session: SessionCommits, cause: unknown): SessionUnavailableException {
  session.abandon();
  // Filters that answer a 503 say nothing in the log.
  session.host.commitFailed?.(cause);
  return new SessionUnavailableException(cause);
}
