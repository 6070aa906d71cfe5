import { expect, it, onTestFinished, vi } from 'vitest';
import type { RecordDriver, SessionRecord } from '../../../lib/drivers/driver.js';
import { guardedDriver } from '../../../lib/drivers/guard/guarded-driver.js';
import { StoreGuard } from '../../../lib/drivers/guard/store-guard.js';
import { sampleRecord } from '../../conformance/record-samples.js';

/** A driver that hands out what has expired, against the contract. */
function heedless(record: SessionRecord): RecordDriver {
  return {
    read: () => Promise.resolve({ ...record }),
    write: () => Promise.resolve(true),
    touch: () => Promise.resolve(true),
    destroy: () => Promise.resolve(),
    listByUser: () => Promise.resolve({ records: [{ ...record, id: 'one' }], cursor: 'next' }),
  };
}

it('A record that a driver hands out after its expiry counts as absent, read or listed', async () => {
  onTestFinished(() => void vi.useRealTimers());
  const now = Date.now();
  vi.useFakeTimers({ toFake: ['Date'], now });
  const record = sampleRecord(now, { userId: 'ann' });
  const log = { warn: () => undefined, error: () => undefined };
  const store = guardedDriver(heedless(record), new StoreGuard({ name: 'heedless', timeout: 60_000, log }));
  vi.setSystemTime(record.expiresAt - 1);
  expect(await store.read('one')).toEqual(record);
  expect((await store.listByUser?.('ann', null))?.records).toEqual([{ ...record, id: 'one' }]);
  vi.setSystemTime(record.expiresAt);
  expect(await store.read('one')).toBeNull();
  expect(await store.listByUser?.('ann', null)).toEqual({ records: [], cursor: 'next' });
});
