import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../lib/clock.js';
import type { SessionRecord } from '../../../lib/drivers/driver.js';
import { RedisDriver, type RedisDriverOptions } from '../../../lib/drivers/redis/redis.driver.js';

/** A record that lives for two hours. */
export function sampleRecord(changes: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  const record = { payload: '{"a":1}', version: 1, expiresAt: now + 7_200_000, lastActivity: now };
  return { ...record, userId: null, ipAddress: null, userAgent: null, ...changes };
}

/** An open driver that is closed when the test ends. */
export async function openDriver(options: RedisDriverOptions, storeTimeout = 2_000): Promise<RedisDriver> {
  const driver = new RedisDriver(options, { clock: systemClock, storeTimeout });
  onTestFinished(() => driver.close());
  await driver.open();
  return driver;
}

/** A prefix or an id that no other test uses. */
export const unique = (): string => randomUUID();

/** How long a call takes to end, either way, in ms. */
export async function durationOf(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await call().catch(() => undefined);
  return performance.now() - start;
}

/** Tries again until a call succeeds; how long that took, in ms. */
export async function timeUntilItWorks(call: () => Promise<unknown>, limitMs = 5_000): Promise<number> {
  const start = performance.now();
  for (;;) {
    const works = await call().then(
      () => true,
      () => false,
    );
    const elapsed = performance.now() - start;
    if (works || elapsed > limitMs) return elapsed;
    await sleep(10);
  }
}
