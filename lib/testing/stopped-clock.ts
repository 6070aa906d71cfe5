import { type Clock, replaceSystemClock, systemClock } from '../drivers/clock.js';
import { type Duration, parseDuration } from '../options/duration.js';
import { SessionValueError } from '../session.errors.js';

/**
 * A clock that stands still for the sessions of this process until a test moves it.
 *
 * @example
 * using clock = stopClock();
 * clock.advance('3h');
 */
export class SessionClock implements Clock, Disposable {
  #now = systemClock.now();

  /**
   * The time at which it stands, in epoch ms.
   *
   * @example
   * expect(after.expiresAt).toBe(clock.now() + 7_200_000);
   */
  now(): number {
    return this.#now;
  }

  /**
   * Moves the clock forwards.
   *
   * @param by ms, or text such as '1h'
   * @throws SessionValueError if it is not a duration above zero
   * @example
   * clock.advance('1h');
   */
  advance(by: Duration): this {
    const ms = parseDuration(by);
    if (ms === null)
      throw new SessionValueError(
        "advance got no duration; it takes milliseconds above zero, or text such as '1h'. Backwards goes set(time).",
      );
    return this.set(this.#now + ms);
  }

  /**
   * Moves the clock to a time, forwards or backwards.
   *
   * @param time a date, or epoch ms
   * @throws SessionValueError if it is neither
   * @example
   * clock.set(new Date('2027-01-01'));
   */
  set(time: Date | number): this {
    const now = typeof time === 'number' || time instanceof Date ? Number(time) : NaN;
    if (Number.isNaN(new Date(now).getTime()))
      throw new SessionValueError('set got no moment; it takes a Date that is valid, or epoch milliseconds.');
    this.#now = now;
    return this;
  }

  /**
   * Restores the machine's clock. Happens automatically at the end of a block with `using clock = stopClock()`.
   *
   * @example
   * afterEach(() => clock.restore());
   */
  restore(): void {
    replaceSystemClock(null);
  }

  /** The same as `restore`. */
  [Symbol.dispose](): void {
    this.restore();
  }
}

/**
 * Stops the clock that sessions use, for all applications of this process: lifetimes, renewals, the time of a
 * sign-in, the records of `memory`, `file` and `stealth`. Timers and the rest of the application keep the
 * machine's clock, as do servers that expire records themselves (Redis, memcached). Call `restore` when the
 * test is over.
 *
 * @returns the clock, which the test moves
 * @example
 * const clock = stopClock();
 * const visitor = await sessions.sign(request.agent(app.getHttpServer()), { userId: '1' });
 * clock.advance('3h');
 * await visitor.get('/account').expect(401);
 * clock.restore();
 */
export function stopClock(): SessionClock {
  const clock = new SessionClock();
  replaceSystemClock(clock);
  return clock;
}
