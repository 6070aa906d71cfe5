import { Observable, type Subscriber, type Subscription } from 'rxjs';

/** How long to wait for a handler's answer after its client has disconnected, in ms. */
const ANSWER_TIMEOUT_MS = 30_000;

/**
 * Runs a handler's answer to its end even if the client disconnects, so that what it has written by then is
 * committed. Nest unsubscribes from a handler's stream as soon as the client disconnects, and starts none for
 * a message that came right before that.
 *
 * After the client has disconnected, a handler gets half a minute for its answer. A stream that has already
 * answered is unsubscribed at once.
 */
export class RunningHandler {
  /** The stream for the client. Subscribe to it once. */
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
   * @param source the handler's answer
   * @param inContext calls a function in the context of the handler's session
   * @param through called once, when the handler is done
   * @param answered called when a value has been sent to the client
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
      // It may have ended while being subscribed to.
      if (this.#isThrough) this.#listening?.unsubscribe();
    };
    this.answers = new Observable((listener) => {
      this.#start(listener);
      return () => this.leave();
    });
  }

  /** The client has disconnected. */
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
