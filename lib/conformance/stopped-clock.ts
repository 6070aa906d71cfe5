import type { Clock } from '../drivers/clock.js';

/** A clock that stands still until a test moves it. */
export class StoppedClock implements Clock {
  /** @param nowMs epoch milliseconds; the machine's time where left out */
  constructor(private nowMs: number = Date.now()) {}

  now(): number {
    return this.nowMs;
  }

  /** Moves to a moment, forwards or backwards. */
  set(nowMs: number): void {
    this.nowMs = nowMs;
  }

  /** Moves on. */
  advance(ms: number): void {
    this.nowMs += ms;
  }
}
