import { Observable, type Subscriber, type Subscription } from 'rxjs';

/** How long to wait for a handler's answer after its client has disconnected, in ms. */
const ANSWER_TIMEOUT_MS = 30_000;

/** A handler whose answer runs to its end. */
export interface RunningHandler {
  /** The stream for the client. Subscribe to it once. */
  readonly answers: Observable<unknown>;
  /** The client has disconnected. */
  leave(): void;
}

/**
 * Runs a handler's answer to its end even if the client disconnects, so that what it has written by then is
 * committed. Nest unsubscribes from a handler's stream as soon as the client disconnects, and starts none for
 * a message that came right before that.
 *
 * After the client has disconnected, a handler gets half a minute for its answer. A stream that has already
 * answered is unsubscribed at once.
 *
 * @param source the handler's answer
 * @param inContext calls a function in the context of the handler's session
 * @param through called once, when the handler is done
 * @param answered called when a value has been sent to the client
 */
export function runToEnd(
  source: Observable<unknown>,
  inContext: (call: () => void) => void,
  through: () => void,
  answered: () => void,
): RunningHandler {
  let listening: Subscription | null = null;
  let timeout: NodeJS.Timeout | undefined;
  let [isStarted, hasLeft, hasAnswered, isThrough] = [false, false, false, false];

  const end = (): void => {
    if (isThrough) return;
    isThrough = true;
    clearTimeout(timeout);
    listening?.unsubscribe();
    through();
  };

  const start = (listener: Subscriber<unknown> | null): void => {
    if (isStarted) return;
    isStarted = true;
    inContext(() => {
      listening = source.subscribe({
        next: (value) => {
          hasAnswered = true;
          listener?.next(value);
          answered();
          if (hasLeft) end();
        },
        error: (error: unknown) => {
          end();
          listener?.error(error);
        },
        complete: () => {
          end();
          listener?.complete();
        },
      });
    });
    // It may have ended while being subscribed to.
    if (isThrough) listening?.unsubscribe();
  };

  const leave = (): void => {
    if (hasLeft || isThrough) return;
    hasLeft = true;
    start(null);
    if (hasAnswered) end();
    else timeout = setTimeout(end, ANSWER_TIMEOUT_MS).unref();
  };

  const answers = new Observable<unknown>((listener) => {
    start(listener);
    return leave;
  });
  return { answers, leave };
}
