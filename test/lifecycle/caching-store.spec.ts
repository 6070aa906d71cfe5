import { describe, expect, it } from 'vitest';
import type { SessionRecord } from '../../lib/drivers/driver.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { CachingStore } from '../../lib/lifecycle/records/caching-store.js';
import { StoppedClock } from '../conformance/stopped-clock.js';
import { Deferred } from '../parallel/support/deferred.js';
import { WatchedDriver } from '../parallel/support/watched-driver.js';

const MAX_AGE_MS = 10_000;

function setUp() {
  const clock = new StoppedClock();
  const driver = new WatchedDriver(new MemoryDriver({}, clock));
  const record = (version: number, payload = `${version}`): SessionRecord => ({
    payload,
    version,
    expiresAt: clock.now() + 60_000,
    lastActivity: clock.now(),
    userId: null,
    ipAddress: null,
    userAgent: null,
  });
  /** Another process's access to the store. */
  const others = driver.inner;
  return { clock, driver, others, record, cache: new CachingStore(driver, clock, MAX_AGE_MS) };
}

describe('a store whose answers are cached for ten seconds', () => {
  it.each<[string, boolean]>([
    ['a record', true],
    ['that there is none', false],
  ])('is read once in that time for %s', async (_what, exists) => {
    const { clock, driver, others, record, cache } = setUp();
    if (exists) await others.write('id', record(1));
    const first = await cache.read('id');
    clock.advance(MAX_AGE_MS - 1);
    expect(await cache.read('id')).toEqual(first);
    expect(driver.takeCounts().read).toBe(1);
    clock.advance(1);
    await cache.read('id');
    expect(driver.takeCounts().read).toBe(1);
  });

  it('reflects writes and removals by this process immediately', async () => {
    const { others, record, cache } = setUp();
    await cache.read('id');
    await cache.store.write('id', record(1));
    expect((await cache.read('id'))?.version).toBe(1);
    await cache.store.destroyVersion?.('id', 1);
    expect(await cache.read('id')).toBeNull();
    await others.write('id', record(1));
    await cache.store.destroy('id');
    expect(await cache.read('id')).toBeNull();
  });

  it('returns its own write without a read, and reads again where another process wrote first', async () => {
    const { driver, others, record, cache } = setUp();
    await cache.store.write('id', record(1));
    expect((await cache.read('id'))?.payload).toBe('1');
    expect(driver.takeCounts().read).toBe(0);
    await others.write('id', record(2));
    expect(await cache.store.write('id', record(2, 'late'))).toBe(false);
    expect((await cache.read('id'))?.payload).toBe('2');
  });

  it('does not cache a read that was in flight when this process ended the session', async () => {
    const { driver, others, record, cache } = setUp();
    await others.write('id', record(1));
    const [isRead, goOn] = [new Deferred(), new Deferred()];
    driver.after = async ({ method }) => {
      if (method !== 'read') return;
      isRead.resolve();
      await goOn.promise;
    };
    const reading = cache.read('id');
    await isRead.promise;
    await cache.store.destroy('id');
    goOn.resolve();
    expect((await reading)?.version).toBe(1);
    expect(await cache.read('id')).toBeNull();
  });

  it('does not cache a read made while this process is ending the session', async () => {
    const { driver, others, record, cache } = setUp();
    await others.write('id', record(1));
    const [isEnding, goOn] = [new Deferred(), new Deferred()];
    driver.before = ({ method }) => {
      if (method !== 'destroy') return undefined;
      isEnding.resolve();
      return goOn.promise;
    };
    const ending = cache.store.destroy('id');
    await isEnding.promise;
    expect((await cache.read('id'))?.version).toBe(1);
    await others.destroy('id');
    expect(await cache.read('id')).toBeNull();
    goOn.resolve();
    await ending;
  });

  it('reads again once a newer version has been seen, or the record has expired', async () => {
    const { clock, driver, others, record, cache } = setUp();
    await others.write('id', { ...record(1), expiresAt: clock.now() + 5_000 });
    await cache.read('id');
    cache.seen('id', 1);
    await cache.read('id');
    expect(driver.takeCounts().read).toBe(1);
    cache.seen('id', 2);
    await cache.read('id');
    expect(driver.takeCounts().read).toBe(1);
    clock.advance(5_000);
    expect(await cache.read('id')).toBeNull();
  });

  it('does not cache long payloads', async () => {
    const { driver, others, record, cache } = setUp();
    await others.write('id', record(1, 'x'.repeat(5_000)));
    await cache.read('id');
    await cache.read('id');
    expect(driver.takeCounts().read).toBe(2);
  });
});
