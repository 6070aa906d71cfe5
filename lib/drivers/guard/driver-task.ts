import { SessionStoreError } from '../../session.errors.js';
import { begun } from './circuit-breaker.js';

/** The most that a timer of Node's takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What a driver does for the application, and not for a request. */
interface DriverTask<T> {
  /** The name of the driver, for the message. */
  readonly driver: string;
  readonly method: 'open' | 'close' | 'collectGarbage';
  /** In ms. */
  readonly storeTimeout: number;
  /** So many times that is waited: no request waits meanwhile, and there may be much to do. Default 10. */
  readonly times?: number;
  /** @param progressed to be called where it gets on: the time that it has begins anew */
  readonly call: (progressed: () => void) => Promise<T> | T;
}

/** A driver is not waited for any longer. What it does may go on. */
export class DriverHangsError extends SessionStoreError {
  override readonly name = 'SessionStoreError';
}

/**
 * Waits for what a driver does, but not for ever: some times `storeTimeout` from its beginning, or from when it last said that it
 * gets on. So no boot, no shutdown and no later collection hangs with the driver.
 *
 * @throws DriverHangsError, or what the call throws
 */
export function waitFor<T>({ driver, method, storeTimeout, times = 10, call }: DriverTask<T>): Promise<T> {
  const limitMs = Math.min(times * storeTimeout, LONGEST_TIMER_MS);
  return new Promise((resolve, reject) => {
    let waits = true;
    const timer = setTimeout(() => {
      waits = false;
      reject(
        new DriverHangsError(
          `${method}() of the session driver "${driver}" did not get on for ${limitMs} ms (${times} times the option 'storeTimeout') ` +
            'and is not waited for any longer.',
        ),
      );
    }, limitMs);
    const progressed = (): void => {
      if (waits) timer.refresh();
    };
    begun(() => call(progressed))
      .then(resolve, reject)
      .finally(() => {
        waits = false;
        clearTimeout(timer);
      });
  });
}
