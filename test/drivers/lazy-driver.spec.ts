import { describe, expect, it } from 'vitest';
import type { RecordDriver } from '../../lib/drivers/driver.js';
import { LazyDriver } from '../../lib/drivers/lazy-driver.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { SessionConfigError } from '../../lib/session.errors.js';
import { sampleRecord } from '../../lib/conformance/record-samples.js';

describe('a driver that is opened on first use', () => {
  it('opens once, and passes every call on', async () => {
    let opened = 0;
    const lazy = new LazyDriver('memory', async () => {
      opened += 1;
      return new MemoryDriver();
    });
    const now = Date.now();
    const record = sampleRecord(now, { userId: 'ann' });
    expect(opened).toBe(0);
    expect(await lazy.write('id', record)).toBe(true);
    expect(await lazy.touch('id', record.expiresAt + 1)).toBe(true);
    expect(await lazy.read('id')).toEqual({ ...record, expiresAt: record.expiresAt + 1 });
    expect((await lazy.listByUser('ann', null)).records).toHaveLength(1);
    expect(await lazy.destroyVersion('id', 1)).toBe(true);
    expect(await lazy.write('id', record)).toBe(true);
    await lazy.destroy('id');
    expect(await lazy.read('id')).toBeNull();
    expect(await lazy.write('id', record)).toBe(true);
    expect(await lazy.collectGarbage(record.expiresAt)).toBe(1);
    expect(opened).toBe(1);
  });

  it('tries again after it could not be opened', async () => {
    let attempts = 0;
    const lazy = new LazyDriver('memory', async () => {
      attempts += 1;
      if (attempts === 1) throw new Error('not there yet');
      return new MemoryDriver();
    });
    await expect(lazy.read('id')).rejects.toThrow('not there yet');
    expect(await lazy.read('id')).toBeNull();
  });

  it('closes only what was opened', async () => {
    let closed = 0;
    const close = async () => void (closed += 1);
    const lazy = new LazyDriver('own', async () => Object.assign(new MemoryDriver(), { close }));
    await lazy.close();
    expect(closed).toBe(0);
    await lazy.read('id');
    await lazy.close();
    expect(closed).toBe(1);
  });

  it('names the method that the driver lacks', async () => {
    const least: RecordDriver = {
      read: async () => null,
      write: async () => false,
      touch: async () => false,
      destroy: async () => {},
    };
    const lazy = new LazyDriver('own', async () => least);
    const lacking = (method: string) =>
      new SessionConfigError(`The session driver "own" has no method ${method}.`);
    await expect(lazy.destroyVersion('id', 1)).rejects.toEqual(lacking('destroyVersion'));
    await expect(lazy.listByUser('ann', null)).rejects.toEqual(lacking('listByUser'));
    expect(await lazy.collectGarbage(Date.now())).toBe(0);
    await lazy.close();
  });
});
