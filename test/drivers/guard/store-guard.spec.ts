import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RecordDriver } from '../../../lib/drivers/driver.js';
import { guardedDriver } from '../../../lib/drivers/guard/guarded-driver.js';
import { StoreGuard } from '../../../lib/drivers/guard/store-guard.js';
import { SessionStoreError } from '../../../lib/session.errors.js';
import { sampleRecord } from '../../conformance/record-samples.js';
import { Deferred } from '../../parallel/support/deferred.js';

const TIMEOUT_MS = 2_000;
const silent = { warn: () => undefined, error: () => undefined };

/** A store that does not answer until the test lets it. */
function makeStore(timeoutMs: number) {
  const gate = new Deferred();
  const driver: RecordDriver = {
    read: () => gate.promise.then(() => null),
    write: () => gate.promise.then(() => true),
    touch: () => gate.promise.then(() => true),
    destroy: () => gate.promise,
  };
  const guard = new StoreGuard({ name: 'test', timeout: timeoutMs, log: silent });
  return { gate, store: guardedDriver(driver, guard) };
}

const CALLS: [string, (store: RecordDriver) => Promise<unknown>][] = [
  ['read', (store) => store.read('id')],
  ['write', (store) => store.write('id', sampleRecord(0))],
  ['touch', (store) => store.touch('id', 1)],
  ['destroy', (store) => store.destroy('id')],
];

// Fake timers make this exact to the millisecond on any machine.
describe('the time a store has to answer', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each(CALLS)('is exactly storeTimeout (%s)', async (_name, call) => {
    const { store } = makeStore(TIMEOUT_MS);
    const settled = vi.fn<(error: unknown) => void>();
    void call(store).then(settled, settled);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 1);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(settled).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ name: 'SessionStoreError', statusCode: 503 }),
    );
  });

  it('counts a list that hangs for no server, and the driver is told', async () => {
    const hanging = new Promise<never>(() => undefined);
    const serverOf = vi.fn<(id: string) => string>().mockReturnValue('a server');
    const stalled = vi.fn<() => void>();
    const store = guardedDriver(
      {
        read: async () => null,
        write: () => hanging,
        touch: () => hanging,
        destroy: () => hanging,
        listByUser: () => hanging,
        serverOf,
        stalled,
      },
      new StoreGuard({ name: 'test', timeout: TIMEOUT_MS, log: silent }),
    );
    const listing = store.listByUser?.('ann', null).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    expect(await listing).toBeInstanceOf(SessionStoreError);
    expect(serverOf, 'with a user, who is no id').not.toHaveBeenCalled();
    expect(stalled).toHaveBeenCalledOnce();
    expect(await Promise.all([store.read('id'), store.read('id')])).toEqual([null, null]);
  });

  it('is the same for each of many calls, whenever the others started', async () => {
    const { store } = makeStore(TIMEOUT_MS);
    const failed: number[] = [];
    const begun = Date.now();
    for (let call = 0; call < 10; call += 1) {
      store.read('id').catch(() => failed.push(Date.now() - begun));
      await vi.advanceTimersByTimeAsync(100);
    }
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    expect(failed).toEqual(Array.from({ length: 10 }, (_, call) => TIMEOUT_MS + call * 100));
  });

  it('leaves no timer behind once the store has answered', async () => {
    const { gate, store } = makeStore(TIMEOUT_MS);
    const reading = store.read('id');
    gate.resolve();
    expect(await reading).toBeNull();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is unlimited when storeTimeout is Infinity', async () => {
    const { gate, store } = makeStore(Infinity);
    const reading = store.read('id');
    await vi.advanceTimersByTimeAsync(365 * 86_400_000);
    gate.resolve();
    expect(await reading).toBeNull();
  });
});
