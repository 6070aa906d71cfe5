import { Observable, type Subscriber, type Subscription } from 'rxjs';

/** How long a handler whose client has left is listened to for its answer, in ms. */
const ANSWER_TIMEOUT_MS = 30_000;

/**
 * What a handler answers, taken to its end whether or not the client stays: what it has written by then is to be
 * committed. Nest lets go of a handler's stream as soon as the client has left, and starts none for a message that came
 * right before that.
 *
 * A handler may take its time with an answer that nobody hears, so it is given some. A stream that has answered is let go
 * of with its client.
 */
export class RunningHandler {
  /** The stream for the client. To be subscribed once. */
  readonly answers: Observable<unknown>;
  readonly #start: (listener: Subscriber<unknown> | null) => void;
  #listening: Subscription | null = null;
  #isStarted = false;
  #hasLeft = false;
  #hasAnswered = false;
  #isThrough = false;
  #timeout: NodeJS.Timeout | null = null;
  readonly #through: () => void;

  /**
   * @param source what the handler answers
   * @param inContext calls something in the context of the handler's session
   * @param through called once, when nothing comes of the handler any more
   * @param answered called when a value has gone to the client
   */
  constructor(
    source: Observable<unknown>,
    inContext: (call: () => void) => void,
    through: () => void,
    answered: () => void,
  ) {
    this.#through = through;
    this.#start = (listener) => {
      if (this.#isStarted) return;
      this.#isStarted = true;
      inContext(() => {
        this.#listening = source.subscribe({
          next: (value) => {
            this.#hasAnswered = true;
            listener?.next(value);
            answered();
            if (this.#hasLeft) this.#end();
          },
          error: (error: unknown) => {
            this.#end();
            listener?.error(error);
          },
          complete: () => {
            this.#end();
            listener?.complete();
          },
        });
      });
      // It may have come to its end while it was subscribed to.
      if (this.#isThrough) this.#listening?.unsubscribe();
    };
    this.answers = new Observable((listener) => {
      this.#start(listener);
      return () => this.leave();
    });
  }

  /** The client has left. */
  leave(): void {
    if (this.#hasLeft || this.#isThrough) return;
    this.#hasLeft = true;
    this.#start(null);
    if (this.#hasAnswered) this.#end();
    else this.#timeout ??= setTimeout(() => this.#end(), ANSWER_TIMEOUT_MS).unref();
  }

  #end(): void {
    if (this.#isThrough) return;
    this.#isThrough = true;
    if (this.#timeout !== null) clearTimeout(this.#timeout);
    this.#listening?.unsubscribe();
    this.#through();
  }
}
