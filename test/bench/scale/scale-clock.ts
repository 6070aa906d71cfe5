import type { Clock } from '../../../lib/drivers/clock.js';

/** The system clock, which can be moved forward to let sessions expire. */
export class ScaleClock implements Clock {
  #aheadMs = 0;

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  putForward(ms: number): void {
    this.#aheadMs += ms;
  }
}
