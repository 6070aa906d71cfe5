import { LONGEST_TIMER_MS } from '../../options/duration.js';
import { SessionError, SessionStoreError } from '../../session.errors.js';
import { begun } from './circuit-breaker.js';
import { failureReason } from './failure-reason.js';

/** A driver call that is made for the application, not for a request. */
interface DriverTask<T> {
  /** The name of the driver, for the message. */
  readonly driver: string;
  readonly method: 'open' | 'close' | 'collectGarbage';
  /** In ms. */
  readonly storeTimeout: number;
  /** How many times `storeTimeout` to wait: no request waits meanwhile, and there may be much to do. Default 10. */
  readonly times?: number;
  /** @param progressed to be called on progress: the time limit starts anew */
  readonly call: (progressed: () => void) => Promise<T> | T;
}

/** A driver took too long. Its work may go on. */
export class DriverHangsError extends SessionStoreError {
  override readonly name = 'SessionStoreError';
}

/**
 * The error for a driver that could not be opened: its own, if it says itself what is wrong. Otherwise one that
 * names the driver, with the driver's as its cause: a client's message may contain a password.
 */
export function openError(driver: string, error: unknown): SessionError {
  if (error instanceof SessionError) return error;
  const reason = failureReason(error) || 'an unknown error';
  return new SessionStoreError(`The session driver "${driver}" could not be opened (${reason}).`, {
    cause: error,
  });
}

/**
 * Waits for a driver call, but not forever: some multiple of `storeTimeout` from its start, or from its last
 * progress. So no boot, shutdown or later collection hangs with the driver.
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
