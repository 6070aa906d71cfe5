import type { Clock } from '../../../lib/drivers/clock.js';

/** The machine's clock, which can be put forward, so that sessions expire when that is wanted. */
export class ScaleClock implements Clock {
  #aheadMs = 0;

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  putForward(ms: number): void {
    this.#aheadMs += ms;
  }
}
