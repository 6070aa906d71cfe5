import { describe, expect, it } from 'vitest';
import type { RecordDriver } from '../../lib/drivers/driver.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import type { StoppedClock } from '../conformance/stopped-clock.js';
import { TurnQueue } from '../../lib/lifecycle/records/turn-queue.js';
import { RecordFinder } from '../../lib/lifecycle/records/record-finder.js';
import { RecordRemover } from '../../lib/lifecycle/records/record-remover.js';
import { guardedDriver } from '../../lib/drivers/guard/guarded-driver.js';
import { StoreGuard } from '../../lib/drivers/guard/store-guard.js';
import type { RequestSession } from '../../lib/session/request-session.js';
import type { DriverCall, WatchedDriver } from './support/watched-driver.js';
import { World } from './support/world.js';

function makeWorld(makeDriver = (clock: StoppedClock): RecordDriver => new CustomDriver(clock)): World {
  return new World(makeDriver);
}

/** Ways in which the answer to a write gets lost. */
const LOSSES: Record<string, (driver: WatchedDriver, nth: number) => void> = {
  // The connection breaks: it is unknown whether the command arrived.
  'is an error': (driver, nth) => {
    let writes = 0;
    driver.after = ({ method }) => {
      if (method === 'write' && ++writes === nth) throw new Error('connection lost');
    };
  },
  // The store's client resends the command by itself, and is refused because of its own first attempt.
  'is a refusal': (driver, nth) => {
    const write = driver.inner.write.bind(driver.inner);
    let writes = 0;
    driver.inner.write = async (id, record) => {
      const stored = await write(id, record);
      return stored && ++writes === nth ? write(id, record) : stored;
    };
  },
};

describe.each(Object.entries(LOSSES))('a write that arrived and whose answer %s', (_, lose) => {
  it('is not applied twice when the session is saved again', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('list', []));
    const request = await world.process().request(id);
    const { session } = request;
    lose(world.driver, 1);
    session.increment('count');
    session.push('list', 'a').flash('status', 'saved');
    await session.save().catch(() => undefined);
    session.increment('count');
    const answer = await request.respond();
    expect(answer.status).toBe(200);
    const stored = await world.find(id);
    expect(stored?.d).toEqual({ list: ['a'], count: 2 });
    expect(stored?.f?.map(([, messages]) => messages)).toEqual([{ status: 'saved' }]);
  });

  it('is not applied twice when another request wrote before the session is saved again', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('list', []));
    const { session } = await world.process().request(id);
    lose(world.driver, 1);
    session.increment('count');
    session.push('list', 'a');
    const saved = await session.save().then(
      () => true,
      () => false,
    );
    const other = await world.process().request(id);
    other.session.push('list', 'b');
    expect((await other.respond()).status).toBe(200);
    await session.save().catch((error: unknown) => {
      // The outcome of the write is unknown: the save fails and stores nothing twice.
      expect(String(error)).toContain('not known');
      expect(saved).toBe(false);
    });
    expect((await world.find(id))?.d).toEqual({ list: ['a', 'b'], count: 1 });
  });

  it('creates one session, not two, when it was the first', async () => {
    const world = makeWorld();
    const request = await world.process().request(null);
    lose(world.driver, 1);
    request.session.increment('count');
    await request.session.save().catch(() => undefined);
    const answer = await request.respond();
    expect(answer.status).toBe(200);
    expect(await world.living()).toEqual([answer.cookieId]);
    expect((await world.find(answer.cookieId ?? ''))?.d).toEqual({ count: 1 });
  });

  it.each([1, 2])('moves the session once when it was write number %i of a regenerate', async (nth) => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const request = await world.process().request(id);
    const other = await world.process().request(id);
    lose(world.driver, nth);
    request.session.regenerate().increment('count');
    await request.session.save().catch(() => undefined);
    // Concurrent requests succeed as well, whether or not the session has moved.
    other.session.put('other', true);
    expect((await other.respond()).status).toBe(200);
    const answer = await request.respond();
    expect(answer.status, String(answer.error)).toBe(200);
    expect(await world.living()).toEqual([answer.cookieId]);
    expect((await world.find(answer.cookieId ?? ''))?.d).toEqual({ a: 1, count: 1, other: true });
    expect(await world.find(id)).toBeNull();
  });

  it.each<[string, (session: RequestSession) => unknown]>([
    ['destroy', (session) => session.destroy()],
    ['invalidate', (session) => session.invalidate()],
  ])('leaves no session under the new id of a regenerate when %s follows', async (_name, end) => {
    for (const nth of [1, 2]) {
      const world = makeWorld();
      const id = await world.seed((session) => session.put('a', 1));
      const request = await world.process().request(id);
      lose(world.driver, nth);
      await request.session
        .regenerate()
        .save()
        .catch(() => undefined);
      await end(request.session);
      const answer = await request.respond();
      expect(answer.status, String(answer.error)).toBe(200);
      expect(await world.living()).toEqual([answer.cookieId].filter((living) => living !== null));
    }
  });

  it('still ends the session when it was part of a destroy', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const request = await world.process().request(id);
    lose(world.driver, 1);
    await request.session.destroy().catch(() => undefined);
    await request.session.destroy();
    expect(await world.living()).toEqual([]);
    expect((await request.respond()).status).toBe(200);
  });
});

/** Loses the answer to the first call of a driver method. */
function loseAnswer(driver: WatchedDriver, lost: DriverCall['method']): void {
  driver.after = ({ method }) => {
    if (method !== lost) return;
    driver.after = () => undefined;
    throw new Error('connection lost');
  };
}

describe.each<[string, (clock: StoppedClock) => RecordDriver, DriverCall['method']]>([
  ['a driver that removes versions', (clock) => new MemoryDriver({}, clock), 'destroyVersion'],
  ['one that does not', (clock) => new CustomDriver(clock), 'write'],
  ['one that does not, at its last call', (clock) => new CustomDriver(clock), 'destroy'],
])('an ending that arrived and whose answer is lost, on %s', (_name, makeDriver, method) => {
  it('still counts: the cookie expires, and nothing remains, even with the old id of a moved session', async () => {
    for (const arrives of ['with its id', 'with the one before']) {
      const world = makeWorld(makeDriver);
      const id = await world.seed((session) => session.put('a', 1));
      const request = await world.process().request(id);
      if (arrives === 'with the one before') {
        const other = await world.process().request(id);
        other.session.regenerate();
        await other.respond();
      }
      loseAnswer(world.driver, method);
      await request.session.destroy();
      expect((await request.respond()).cookie.kind).toBe('expire');
      expect(await world.living()).toEqual([]);
    }
  });

  it('does not prevent the new session after an invalidate', async () => {
    const world = makeWorld(makeDriver);
    const id = await world.seed((session) => session.put('a', 1));
    const request = await world.process().request(id);
    loseAnswer(world.driver, method);
    request.session.invalidate().flash('status', 'You are signed out.');
    const answer = await request.respond();
    expect(answer).toMatchObject({ status: 200, cookie: { kind: 'set' } });
    expect(await world.living()).toEqual([answer.cookieId]);
    expect(answer.cookieId).not.toBe(id);
  });
});

describe('an ending whose write the store refuses', () => {
  /** Makes the store full: nothing can be written. */
  function refuseWrites({ driver }: World): void {
    driver.before = ({ method }) => {
      if (method === 'write') throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    };
  }

  it('removes the session without a write', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const request = await world.process().request(id);
    const other = await world.process().request(id);
    other.session.put('b', 1);
    await other.respond();
    refuseWrites(world);
    await request.session.destroy();
    expect((await request.respond()).cookie.kind).toBe('expire');
    expect(await world.living()).toEqual([]);
  });

  it('follows the redirect and removes the moved session', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const request = await world.process().request(id);
    const other = await world.process().request(id);
    other.session.regenerate();
    await other.respond();
    refuseWrites(world);
    await request.session.destroy();
    expect(await world.living()).toEqual([]);
  });

  it('is not tried another way if the store did not answer, which would take twice as long', async () => {
    const world = makeWorld();
    const id = await world.seed((session) => session.put('a', 1));
    const { runtime } = world;
    const store = guardedDriver(
      world.driver,
      new StoreGuard({ name: 'test', timeout: 1, log: runtime.log, clock: world.clock }),
    );
    const remover = new RecordRemover(
      store,
      new TurnQueue(Infinity),
      new RecordFinder(store, runtime),
      runtime,
      false,
    );
    world.driver.takeCounts();
    world.driver.before = () => new Promise(() => undefined);
    await expect(remover.end(id, 1)).rejects.toThrow('did not answer');
    expect(world.driver.takeCounts()).toEqual({ read: 0, write: 1, touch: 0, destroy: 0 });
  });
});

describe('a write that arrives late', () => {
  it('is not applied twice when it was resent meanwhile', async () => {
    for (const first of ['the late one', 'the new one']) {
      const world = makeWorld();
      const id = await world.seed((session) => session.put('count', 0));
      const request = await world.process().request(id);
      let late: (() => Promise<unknown>) | null = null;
      world.driver.before = (call) => {
        if (call.method !== 'write' || late !== null) return;
        const record = { ...call.record };
        late = () => world.driver.inner.write(call.id, record);
        throw new Error('timed out');
      };
      request.session.increment('count');
      await expect(request.session.save()).rejects.toThrow('failed');
      const arrive: () => Promise<unknown> = late ?? (() => Promise.reject(new Error('nothing was sent')));
      if (first === 'the late one') await arrive();
      request.session.increment('count', 10);
      expect((await request.respond()).status).toBe(200);
      if (first === 'the new one') await arrive();
      expect((await world.find(id))?.d).toEqual({ count: 11 });
    }
  });
});
