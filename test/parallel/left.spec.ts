import { describe, expect, it } from 'vitest';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import type { RecordDriver } from '../../lib/drivers/driver.js';
import { REDIRECT_MS } from '../../lib/lifecycle/lifetimes.js';
import type { RequestSession } from '../../lib/session/request-session.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import type { StoppedClock } from '../conformance/stopped-clock.js';
import { describeWith } from '../servers/index.js';
import { everyInterleaving } from './support/interleavings.js';
import { openStore } from './support/store-setting.js';
import { SHARED_STORES } from './support/stores.js';
import { WatchedDriver } from './support/watched-driver.js';
import { World } from './support/world.js';

const DRIVERS: [string, (clock: StoppedClock) => RecordDriver][] = [
  ['a driver of the application', (clock) => new CustomDriver(clock)],
  ['memory', (clock) => new MemoryDriver({}, clock)],
];

const WAYS: [string, (session: RequestSession) => unknown][] = [
  ['destroy', (session) => session.destroy()],
  ['invalidate', (session) => session.invalidate()],
];

/** Regenerates a new session this many times. Returns all its ids, the present one last. */
async function movedSession(world: World, times = 1): Promise<string[]> {
  const ids = [await world.seed((session) => session.put('user', 'ann'))];
  for (let move = 0; move < times; move += 1) {
    const request = await world.process().request(ids.at(-1) ?? null);
    request.session.regenerate();
    ids.push((await request.respond()).cookieId ?? '');
  }
  return ids;
}

describe.each(DRIVERS)('a request with an id that has just been left, on %s', (_name, makeDriver) => {
  function makeWorld() {
    const said: string[] = [];
    const log = { warn: (message: string) => void said.push(message), error: () => undefined };
    return { world: new World(makeDriver, { log }), said };
  }

  it.each<[string, (session: RequestSession) => unknown]>([
    ['puts', (session) => session.put('late', 1)],
    ['flashes', (session) => session.flash('late', 1)],
    ['has a value computed', (session) => session.increment('late')],
    ['sets a lifetime', (session) => session.permanent()],
    ['saves', (session) => session.put('late', 1).save()],
    ['regenerates and puts', (session) => session.regenerate().put('user', 'mallory')],
    ['reloads and puts', async (session) => (await session.reload()).put('late', 1)],
  ])('stores nothing and sends no cookie when it %s, and the log says so once', async (_what, change) => {
    const { world, said } = makeWorld();
    const [old = '', id = ''] = await movedSession(world);
    const request = await world.process().request(old);
    expect([request.session.all(), request.session.stored]).toEqual([{}, false]);
    await change(request.session);
    expect((await request.respond()).cookie.kind).toBe('none');
    await change(request.session);
    expect((await request.respond()).cookie.kind).toBe('none');
    expect(await world.living()).toEqual([id]);
    expect((await world.find(id))?.d).toEqual({ user: 'ann' });
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('dropped');
    for (const secret of [old, id]) expect(said[0]).not.toContain(secret);
  });

  it('logs nothing when it only reads', async () => {
    const { world, said } = makeWorld();
    const [old = ''] = await movedSession(world);
    const request = await world.process().request(old);
    expect(request.session.get('user', 'nobody')).toBe('nobody');
    await request.session.touch();
    expect((await request.respond()).cookie.kind).toBe('none');
    expect(said).toEqual([]);
  });

  it.each(WAYS)(
    'ends the session by %s, however often it moved, and expires the cookie',
    async (_way, end) => {
      for (const times of [1, 2, 5]) {
        const { world, said } = makeWorld();
        for (let index = 0; index < times; index += 1) {
          const ids = await movedSession(world, times);
          const request = await world.process().request(ids[index] ?? '');
          await end(request.session);
          expect((await request.respond()).cookie.kind).toBe('expire');
        }
        expect(await world.living()).toEqual([]);
        expect(said).toEqual([]);
      }
    },
  );

  it.each(WAYS)('begins a new session when it writes after %s', async (_way, end) => {
    const { world } = makeWorld();
    const ids = await movedSession(world);
    const request = await world.process().request(ids[0] ?? '');
    await end(request.session);
    request.session.flash('status', 'You are signed out.');
    const answer = await request.respond();
    expect(answer.cookie.kind).toBe('set');
    expect(ids).not.toContain(answer.cookieId);
    expect(await world.living()).toEqual([answer.cookieId]);
    const stored = await world.find(answer.cookieId ?? '');
    expect([stored?.d, stored?.f?.map(([, messages]) => messages)]).toEqual([
      {},
      [{ status: 'You are signed out.' }],
    ]);
  });

  it.each(WAYS)(
    'ends the session by %s even after the redirect of the old id has expired',
    async (_way, end) => {
      const { world } = makeWorld();
      const [old = ''] = await movedSession(world);
      const request = await world.process().request(old);
      world.clock.advance(REDIRECT_MS);
      await end(request.session);
      expect((await request.respond()).cookie.kind).toBe('expire');
      expect(await world.living()).toEqual([]);
    },
  );

  it.each(WAYS)('answers 503 if the store fails during its %s, and can be retried', async (_way, end) => {
    const { world } = makeWorld();
    const [old = '', id] = await movedSession(world);
    const failing = await world.process().request(old);
    world.driver.before = () => {
      throw new Error('away');
    };
    await Promise.resolve(end(failing.session)).catch(() => undefined);
    expect((await failing.respond()).status).toBe(503);
    world.driver.before = () => undefined;
    expect(await world.living()).toEqual([id]);
    const again = await world.process().request(old);
    await end(again.session);
    expect((await again.respond()).status).toBe(200);
    expect(await world.living()).toEqual([]);
  });

  it('uses the session of a later cookie if that is alive', async () => {
    const { world, said } = makeWorld();
    const [old = '', id = ''] = await movedSession(world);
    const request = await world.process().request(old, id);
    expect(request.session.get('user')).toBe('ann');
    request.session.put('b', 1);
    await request.respond();
    expect((await world.find(id))?.d).toEqual({ user: 'ann', b: 1 });
    expect(said).toEqual([]);
  });

  it('stores nothing either if a later cookie names no session', async () => {
    const { world } = makeWorld();
    const [old = '', id] = await movedSession(world);
    const request = await world.process().request(old, 'nobody');
    request.session.put('late', 1);
    expect((await request.respond()).cookie.kind).toBe('none');
    expect(await world.living()).toEqual([id]);
  });

  it('may switch to another session, and back to the left id from another one', async () => {
    const { world } = makeWorld();
    const [old = '', id = ''] = await movedSession(world);
    const other = await world.seed((session) => session.put('user', 'bob'));
    const leaving = await world.process().request(old);
    await leaving.session.setId(other).start();
    leaving.session.put('b', 1);
    expect((await leaving.respond()).cookieId).toBe(other);
    expect((await world.find(other))?.d).toEqual({ user: 'bob', b: 1 });
    const coming = await world.process().request(other);
    await coming.session.setId(old).start();
    coming.session.put('late', 1);
    expect((await coming.respond()).cookie.kind).toBe('none');
    await coming.session.destroy();
    await coming.respond();
    expect(await world.find(id)).toBeNull();
    expect((await world.find(other))?.d).toEqual({ user: 'bob', b: 1 });
  });

  it('retries a failed destroy of another session after switching to the left id', async () => {
    const { world } = makeWorld();
    const [old = '', id] = await movedSession(world);
    const request = await world.process().request(await world.seed((session) => session.put('a', 1)));
    let failing = true;
    world.driver.before = ({ method }) => {
      if (failing && method.startsWith('destroy')) throw new Error('away');
    };
    await request.session.destroy().catch(() => undefined);
    failing = false;
    await request.session.setId(old).start();
    // The next commit reports the failure once more.
    await request.session.commit().catch(() => undefined);
    expect(await request.respond()).toMatchObject({ status: 200, cookie: { kind: 'none' } });
    expect(await world.living()).toEqual([id]);
  });

  it.each(WAYS)(
    'ends the session by %s, in whatever order it interleaves with a regenerate',
    async (_way, end) => {
      await everyInterleaving(async (turns) => {
        const { world } = makeWorld();
        const old = await world.seed((session) => session.put('user', 'ann'));
        const drivers = [new WatchedDriver(world.driver), new WatchedDriver(world.driver)] as const;
        drivers.forEach((driver, index) => turns.gate(String(index), driver));
        const perform = async (driver: WatchedDriver, deed: (session: RequestSession) => unknown) => {
          const request = await world.process(driver).request(old);
          await deed(request.session);
          return request.respond();
        };
        await turns.run([perform(drivers[0], (session) => session.regenerate()), perform(drivers[1], end)]);
        for (const id of await world.living()) expect((await world.find(id))?.d).toEqual({});
      });
    },
  );

  it.each(WAYS)('ends by %s the session that two concurrent regenerates have moved', async (_way, end) => {
    await everyInterleaving(async (turns) => {
      const { world } = makeWorld();
      const old = await world.seed((session) => session.put('user', 'ann'));
      const drivers = [1, 2].map(() => new WatchedDriver(world.driver));
      const requests = await Promise.all(drivers.map((driver) => world.process(driver).request(old)));
      const under = await world.process().request(old);
      drivers.forEach((driver, index) => turns.gate(String(index), driver));
      await turns.run(
        requests.map((request) => {
          request.session.regenerate();
          return request.respond();
        }),
      );
      expect(await world.living()).toHaveLength(1);
      await end(under.session);
      expect((await under.respond()).status).toBe(200);
      for (const id of await world.living()) expect((await world.find(id))?.d).toEqual({});
    });
  });
});

for (const kind of SHARED_STORES) {
  describeWith(kind.pieces, `sign-out with an id from before a regenerate, on ${kind.name}`, () => {
    it.each(WAYS)(
      'ends the session by %s, whether the request began before or after the regenerate',
      async (_way, end) => {
        const store = await kind.make();
        const look = await openStore(store.setting);
        try {
          for (const arrives of ['before', 'after']) {
            const world = new World(() => look.driver);
            const old = await world.seed((session) => session.put('user', 'ann'));
            const early = await world.process().request(old);
            const moving = await world.process().request(old);
            moving.session.regenerate();
            const { cookieId } = await moving.respond();
            expect((await world.find(cookieId ?? ''))?.d).toEqual({ user: 'ann' });
            const request = arrives === 'before' ? early : await world.process().request(old);
            await end(request.session);
            expect((await request.respond()).status, arrives).toBe(200);
            for (const id of await world.living()) expect((await world.find(id))?.d).toEqual({});
            expect(await world.find(cookieId ?? '')).toBeNull();
          }
          const world = new World(() => look.driver);
          const [old = ''] = await movedSession(world, 3);
          await world.process().backend.remover.end(old, 0);
          expect(await world.living()).toEqual([]);
        } finally {
          await look.close();
          await store.remove();
        }
      },
    );
  });
}
