import type { DriverContext } from '../../../lib/drivers/driver-context.js';
import type { SessionRecord } from '../../../lib/drivers/driver.js';

/** A clock that stands still until it is advanced, at whole seconds, as the column `last_activity` stores them. */
export class StoppedClock {
  #now = 1_750_000_000_000;
  now(): number {
    return this.#now;
  }
  advance(ms: number): void {
    this.#now += ms;
  }
}

export const clock = new StoppedClock();

export const hour = 3_600_000;

export function contextWith(overrides: Partial<DriverContext> = {}): DriverContext {
  return { clock, storeTimeout: 60_000, resolve: () => undefined, ...overrides };
}

export function recordWith(overrides: Partial<SessionRecord> = {}): SessionRecord {
  return {
    payload: '{"cart":[1,2]}',
    expiresAt: clock.now() + hour,
    version: 1,
    lastActivity: clock.now(),
    userId: '42',
    ipAddress: '127.0.0.1',
    userAgent: 'test',
    ...overrides,
  };
}
