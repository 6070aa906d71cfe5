import { describe, expect, it } from 'vitest';
import type { RecordDriver } from '../../lib/drivers/driver.js';
import { GuardedStore } from '../../lib/lifecycle/record-store.js';
import { StoreHealth } from '../../lib/lifecycle/store-health.js';
import { sampleRecord } from '../conformance/record-samples.js';
import { Deferred } from '../parallel/support/deferred.js';

/** A store whose reads and writes fail when told to, and what the operator hears of it. */
function makeStore() {
  const lines: string[] = [];
  const log = {
    log: (line: string) => lines.push(`log: ${line}`),
    warn: (line: string) => lines.push(`warn: ${line}`),
    error: (line: string) => lines.push(`error: ${line}`),
  };
  const trouble = { reading: false, writing: false, slow: null as Promise<void> | null };
  const failing = async <T>(use: 'reading' | 'writing', value: T): Promise<T> => {
    const broken = trouble[use];
    if (trouble.slow !== null) await trouble.slow;
    if (broken) throw Object.assign(new Error('at secret-host, id abc'), { code: 'ECONNREFUSED' });
    return value;
  };
  const driver: RecordDriver = {
    read: () => failing('reading', null),
    write: () => failing('writing', true),
    touch: () => failing('writing', true),
    destroy: () => failing('writing', undefined),
  };
  const store = new GuardedStore(driver, 'test', 1_000, new StoreHealth('test', log));
  const read = () => store.read('id').catch(() => undefined);
  const write = () => store.write('id', sampleRecord(0)).catch(() => undefined);
  return { lines, trouble, read, write, store };
}

describe('the log of a store in trouble', () => {
  it('says once that it fails and once that it is back', async () => {
    const { lines, trouble, read, write } = makeStore();
    await read();
    trouble.reading = trouble.writing = true;
    for (let times = 0; times < 3; times += 1) await Promise.all([read(), write()]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('error: The session store "test" failed');
    expect(lines[0]).toContain('ECONNREFUSED');
    trouble.reading = trouble.writing = false;
    for (let times = 0; times < 3; times += 1) await Promise.all([read(), write()]);
    expect(lines.slice(1)).toEqual(['warn: The session store "test" is back.']);
  });

  it('does not say that it is back while it can be read but not written', async () => {
    const { lines, trouble, read, write } = makeStore();
    trouble.writing = true;
    for (let times = 0; times < 3; times += 1) {
      await read();
      await write();
    }
    expect(lines).toHaveLength(1);
    trouble.writing = false;
    await read();
    expect(lines).toHaveLength(1);
    await write();
    expect(lines).toHaveLength(2);
  });

  it('does not take a late success for a recovery', async () => {
    const { lines, trouble, read } = makeStore();
    const late = new Deferred();
    trouble.slow = late.promise;
    const reading = read();
    trouble.slow = null;
    trouble.reading = true;
    await read();
    late.resolve();
    await reading;
    expect(lines).toHaveLength(1);
  });

  it('does not take the late failure of a call made before the recovery for new trouble', async () => {
    const { lines, trouble, read } = makeStore();
    const late = new Deferred();
    trouble.reading = true;
    trouble.slow = late.promise;
    const reading = read();
    trouble.slow = null;
    await read();
    trouble.reading = false;
    await read();
    expect(lines).toHaveLength(2);
    late.resolve();
    await reading;
    await read();
    expect(lines).toHaveLength(2);
  });

  it('names nothing that a client said', async () => {
    const { lines, trouble, read } = makeStore();
    trouble.reading = true;
    await read();
    expect(lines.join()).not.toMatch(/secret-host|abc/);
  });

  it('becomes a SessionStoreError also where a driver throws before it returns a promise', async () => {
    const driver = {
      read: () => {
        throw new TypeError('not connected');
      },
    } as unknown as RecordDriver;
    const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
    const store = new GuardedStore(driver, 'test', 1_000, new StoreHealth('test', silent));
    await expect(store.read('id')).rejects.toMatchObject({ name: 'SessionStoreError', statusCode: 503 });
  });
});
