import { onTestFinished } from 'vitest';
import { systemClock } from '../../../lib/drivers/clock.js';
import type { SessionRecord } from '../../../lib/drivers/driver.js';
import { MemcachedDriver } from '../../../lib/drivers/memcached/memcached.driver.js';
import type { MemcachedDriverOptions } from '../../../lib/options/memcached.options.js';

/** A record that lives for two hours. */
export function sampleRecord(changes: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  const record = { payload: '{"a":1}', version: 1, expiresAt: now + 7_200_000, lastActivity: now };
  return { ...record, userId: null, ipAddress: null, userAgent: null, ...changes };
}

/** An open driver; closed when the test ends. */
export async function openDriver(
  options: MemcachedDriverOptions,
  storeTimeout = 60_000,
): Promise<MemcachedDriver> {
  const driver = new MemcachedDriver(options, { clock: systemClock, storeTimeout });
  onTestFinished(() => driver.close());
  await driver.open();
  return driver;
}
