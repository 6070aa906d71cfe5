import { readdir } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { MemcacheClient } from 'memcache-client';
import { DataSource } from 'typeorm';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RequestSession } from 'nestjs-session-kit';
import { SessionEntity } from 'nestjs-session-kit/typeorm';
import { systemClock } from '../../lib/drivers/clock.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { describeWith, startMemcachedProcess, startRedisProcess } from '../servers/index.js';
import { HandlerApp, type HandlerAppSetup } from '../support/handler-app.js';
import { describeWithSmallDisk, type Shortage, SmallDisk } from '../support/small-disk.js';
import { PLATFORMS } from '../support/test-app.js';

type Options = NonNullable<HandlerAppSetup['options']>;

/** A store that can be filled until it takes nothing more. */
interface FillableStore {
  readonly options: Options;
  fill(): Promise<void> | void;
}

/** A driver of an application, without a way to remove a version, on a store that can be full. */
class FullDriver extends CustomDriver {
  isFull = false;

  override write(...args: Parameters<CustomDriver['write']>): Promise<boolean> {
    if (this.isFull) return Promise.reject(Object.assign(new Error('disk full'), { code: 'ENOSPC' }));
    return super.write(...args);
  }

  override touch(...args: Parameters<CustomDriver['touch']>): Promise<boolean> {
    if (this.isFull) return Promise.reject(Object.assign(new Error('disk full'), { code: 'ENOSPC' }));
    return super.touch(...args);
  }
}

async function fullRedis(): Promise<FillableStore> {
  const server = await startRedisProcess({ settings: { 'maxmemory-policy': 'noeviction' } });
  onTestFinished(() => server.stop());
  return {
    options: { driver: 'redis', redis: { url: server.url } },
    fill: async () => {
      const admin = new Redis(server.url);
      await admin.config('SET', 'maxmemory', '1');
      await expect(admin.set('more', 'data')).rejects.toThrow('OOM');
      // As after a restart, which a full server may have had.
      await admin.script('FLUSH');
      admin.disconnect();
    },
  };
}

async function fillWith(client: MemcacheClient, text: string): Promise<never> {
  for (let number = 0; ; number += 1) await client.set(`rest-${text.length}-${number}`, text);
}

/** A memcached that returns an error when it is full (-M); by default it evicts sessions instead. */
async function fullMemcached(): Promise<FillableStore> {
  const server = await startMemcachedProcess({ args: ['-M', '-m', '2'] });
  onTestFinished(() => server.stop());
  const servers = `${server.host}:${server.port}`;
  return {
    options: { driver: 'memcached', memcached: { servers } },
    fill: async () => {
      const client = new MemcacheClient({ server: servers });
      // Memcached stores large values in pieces, and small ones in pages of their own.
      for (const size of [200_000, 50_000, 5_000, 500]) {
        await expect(fillWith(client, 'x'.repeat(size))).rejects.toThrow('out of memory');
      }
      client.shutdown();
    },
  };
}

function fullDisk(shortage: Shortage): FillableStore {
  const disk = new SmallDisk();
  onTestFinished(() => disk[Symbol.dispose]());
  return {
    options: { driver: 'file', file: { location: `${disk.path}/sessions` } },
    fill: () => disk.fill(shortage),
  };
}

/** A SQLite database that may not grow any more. */
async function fullDatabase(): Promise<FillableStore> {
  const dataSource = new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    entities: [SessionEntity],
    synchronize: true,
  });
  await dataSource.initialize();
  onTestFinished(() => dataSource.destroy());
  return {
    options: { driver: 'database', database: { dataSource } },
    fill: async () => {
      await dataSource.query('CREATE TABLE rest (text TEXT)');
      // Less than it has: it becomes what it has.
      await dataSource.query('PRAGMA max_page_count = 1');
      const fill = async (): Promise<never> => {
        for (;;) await dataSource.query(`INSERT INTO rest VALUES ('rest')`);
      };
      await expect(fill()).rejects.toThrow('full');
    },
  };
}

function fullOwn(): FillableStore {
  const driver = new FullDriver(systemClock);
  return {
    options: { driver: 'own', drivers: { own: { useFactory: () => driver } } },
    fill: () => {
      driver.isFull = true;
    },
  };
}

function describeEndings(makeStore: () => Promise<FillableStore> | FillableStore): void {
  describe.each(PLATFORMS)('on %s', (platform) => {
    async function begin() {
      const store = await makeStore();
      const app = await HandlerApp.start(platform, { options: store.options });
      onTestFinished(() => app[Symbol.asyncDispose]());
      const signIn = async () => {
        const visitor = app.visitor();
        const { value: id, asHeaders } = await visitor.handle((session) => session.put('user', 'ann').id);
        return { visitor, id, asHeaders };
      };
      return { app, store, signIn };
    }

    it('answers a write with 503', async () => {
      const { store, signIn } = await begin();
      const { visitor } = await signIn();
      await store.fill();
      const { response } = await visitor.handle((session) => session.put('text', 'x'.repeat(200_000)), {
        status: 503,
      });
      expect(response.body).toMatchObject({ statusCode: 503 });
    });

    it('serves a visitor who only reads, and renews the cookie only if there is room to record the visit', async () => {
      const { app, store, signIn } = await begin();
      const { visitor, id } = await signIn();
      const before = await app.manager.read(id);
      await store.fill();
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
      onTestFinished(() => void vi.useRealTimers());
      const { value, cookies } = await visitor.handle((session) => session.get('user'));
      expect(value).toBe('ann');
      const after = await app.manager.read(id);
      expect(cookies).toHaveLength(after?.expiresAt === before?.expiresAt ? 0 : 1);
    });

    it('lets a visitor sign out by destroy, and expires the cookie', async () => {
      const { app, store, signIn } = await begin();
      const { visitor, id, asHeaders } = await signIn();
      await store.fill();
      const { cookies } = await visitor.handle((session) => session.destroy().then(() => null));
      expect(cookies).toEqual([expect.stringContaining('session=; Max-Age=0')]);
      expect(await app.manager.read(id)).toBeNull();
      expect(await app.visitor().in((session) => session.all(), { headers: asHeaders })).toEqual({});
    });

    it('lets a visitor sign out by invalidate even if the next session cannot be stored', async () => {
      const { app, store, signIn } = await begin();
      const { visitor, id, asHeaders } = await signIn();
      await store.fill();
      const { cookies } = await visitor.handle(
        (session) => session.invalidate().put('text', 'x'.repeat(200_000)),
        { status: 503 },
      );
      expect(cookies).toEqual([]);
      expect(await app.manager.read(id)).toBeNull();
      expect(await app.visitor().in((session) => session.all(), { headers: asHeaders })).toEqual({});
    });

    it('lets a visitor sign out by invalidate alone, and expires the cookie if no new session can be stored', async () => {
      const { app, store, signIn } = await begin();
      const { visitor, id, asHeaders } = await signIn();
      await store.fill();
      const { value: next, cookies } = await visitor.handle((session) => session.invalidate().id);
      const hasNext = (await app.manager.read(next)) !== null;
      expect(cookies).toEqual([expect.stringContaining(hasNext ? 'Max-Age=7200' : 'session=; Max-Age=0')]);
      expect(await app.manager.read(id)).toBeNull();
      expect(await app.visitor().in((session) => session.all(), { headers: asHeaders })).toEqual({});
      expect(await visitor.in((session) => session.all())).toEqual({});
    });

    it('answers 503 to a write after a committed invalidate, and the visitor is signed out', async () => {
      const { app, store, signIn } = await begin();
      const { visitor, id } = await signIn();
      await store.fill();
      await visitor.handle(
        async (session) => {
          await session.invalidate().commit();
          session.put('text', 'x'.repeat(200_000));
        },
        { status: 503 },
      );
      expect(await app.manager.read(id)).toBeNull();
    });

    it('lets a visitor sign out by invalidate after something else could not be stored', async () => {
      const { app, store, signIn } = await begin();
      const { visitor, id } = await signIn();
      await store.fill();
      await visitor.handle(
        async (session) => {
          await session
            .put('text', 'x'.repeat(200_000))
            .commit()
            .catch(() => undefined);
          session.invalidate().put('text', 'x'.repeat(200_000));
        },
        { status: 503 },
      );
      expect(await app.manager.read(id)).toBeNull();
    });

    it('lets sessions be ended by their previous id, from a request and from outside', async () => {
      const { app, store, signIn } = await begin();
      const ends = {
        destroy: (headers: Record<string, string>) =>
          app.visitor().in((session) => session.destroy().then(() => null), { headers }),
        invalidate: (headers: Record<string, string>) =>
          app.visitor().in((session) => void session.invalidate(), { headers }),
        manager: (_headers: Record<string, string>, id: string) => app.manager.destroy(id),
      };
      const moved = await Promise.all(
        Object.entries(ends).map(async ([name, end]) => {
          const { visitor, id: old, asHeaders } = await signIn();
          const id = await visitor.in((session) => session.regenerate().id);
          return { name, end, old, id, asHeaders };
        }),
      );
      await store.fill();
      for (const { name, end, old, id, asHeaders } of moved) {
        await end(asHeaders, old);
        expect(await app.manager.read(id), name).toBeNull();
      }
    });

    it('lets its expired sessions be removed', async () => {
      const { app, store, signIn } = await begin();
      await signIn();
      await signIn();
      const { visitor, id } = await signIn();
      await visitor.in((session) => void session.setDuration('1d'));
      await store.fill();
      const collects = app.manager.driver();
      const removed = 'collectGarbage' in collects ? 2 : 0;
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 3_600_000 });
      onTestFinished(() => void vi.useRealTimers());
      expect(await app.manager.collectGarbage()).toBe(removed);
      expect(await app.manager.collectGarbage()).toBe(0);
      expect((await app.manager.read(id))?.values).toEqual({ user: 'ann' });
    });
  });
}

/** Tests what is left of a session that somebody was signed in to, and that ended while its ledger was full. */
function describeEndedLines(makeStore: () => Promise<FillableStore> | FillableStore): void {
  it.each(PLATFORMS)(
    'as a ledger, opens no copied cookie of a session that was signed in and ended, in any process, on %s',
    async (platform) => {
      const store = await makeStore();
      const { driver: ledger = '', ...others } = store.options;
      const options = { ...others, driver: 'stealth', stealth: { ledger } };
      await using here = await HandlerApp.start(platform, { options });
      await using there = await HandlerApp.start(platform, { options });
      const lists = ledger !== 'memcached' && ledger !== 'own';
      const ends: [way: string, end: (session: RequestSession) => unknown][] = [
        ['destroy', (session) => session.destroy()],
        ['invalidate', (session) => session.invalidate()],
        ['signOut', (session) => session.signOut()],
        ['forget', (session) => session.forget()],
        ['SessionManager.destroy', ({ id }) => here.manager.destroy(id)],
        ['SessionManager.destroy elsewhere', ({ id }) => there.manager.destroy(id)],
      ];
      if (lists) {
        ends.push(
          ['SessionManager.end', ({ userId, handle }) => there.manager.end(userId ?? '', handle)],
          ['SessionManager.endAll', ({ userId }) => there.manager.endAll(userId ?? '')],
        );
      }
      const begun = await Promise.all(
        ends.map(async ([way, end]) => {
          const visitor = here.visitor();
          const before = await visitor.handle((session) => session.put('cart', ['mug']));
          const signedIn = await visitor.handle((session) => session.signIn(way));
          const now = await visitor.handle((session) => session.regenerate());
          return { way, end, visitor, copies: [before, signedIn, now].map(({ asHeaders }) => asHeaders) };
        }),
      );
      await store.fill();
      for (const { way, end, visitor, copies } of begun) {
        await visitor.handle(async (session) => void (await end(session)));
        for (const app of [here, there]) {
          for (const headers of copies)
            expect(await app.visitor().in((session) => session.all(), { headers }), way).toEqual({});
          if (lists) expect(await app.manager.list(way)).toEqual([]);
        }
      }
    },
  );
}

function describeLedger(makeStore: () => Promise<FillableStore> | FillableStore): void {
  it.each(PLATFORMS)('as a ledger, lets sessions in cookies alone be ended on %s', async (platform) => {
    const store = await makeStore();
    const { driver: ledger = '', ...others } = store.options;
    await using app = await HandlerApp.start(platform, {
      options: { ...others, driver: 'stealth', stealth: { ledger } },
    });
    const ends: [string, (session: RequestSession) => unknown][] = [
      ['destroy', (session) => session.destroy().then(() => null)],
      ['invalidate', (session) => void session.invalidate()],
      ['the manager', (session) => app.manager.destroy(session.id)],
    ];
    const begun = await Promise.all(
      ends.map(async ([way, end]) => {
        const visitor = app.visitor();
        const before = await visitor.handle((session) => session.put('cart', 1));
        const now = await visitor.handle((session) => void session.regenerate());
        return { way, end, visitor, before: before.asHeaders, now: now.asHeaders };
      }),
    );
    await store.fill();
    for (const { way, end, visitor, before, now } of begun) {
      await visitor.handle((session) => Promise.resolve(end(session)).then(() => null));
      for (const headers of [undefined, now, before]) {
        const seen = await visitor.in((session) => session.all(), headers === undefined ? {} : { headers });
        expect(seen, way).toEqual({});
      }
    }
  });
}

describeWith(
  ['redis'],
  'a Redis with maxmemory and noeviction that is full',
  () => {
    describeEndings(fullRedis);
    describeLedger(fullRedis);
    describeEndedLines(fullRedis);

    it.each<[string, (session: RequestSession) => unknown]>([
      ['somebody', (session) => session.signIn('ann')],
      ['nobody', (session) => session.put('language', 'en')],
    ])('renews a session that %s is signed in to, and stores it if it gets smaller', async (_who, begin) => {
      const store = await fullRedis();
      await using app = await HandlerApp.start('express', { options: store.options });
      const visitor = app.visitor();
      await visitor.in((session) => begin(session.put('cart', ['mug', 'cup', 'bowl'])));
      await store.fill();
      const now = Date.now();
      onTestFinished(() => void vi.useRealTimers());
      vi.useFakeTimers({ toFake: ['Date'], now: now + 90 * 60_000 });
      await visitor.in((session) => session.get('cart'));
      vi.setSystemTime(now + 180 * 60_000);
      expect(await visitor.in((session) => session.get('cart'))).toEqual(['mug', 'cup', 'bowl']);
      await visitor.in((session) => session.put('cart', ['mug']));
      expect(await visitor.in((session) => session.get('cart'))).toEqual(['mug']);
    });

    it.each(PLATFORMS)('as a ledger, still knows of a line that it has ended on %s', async (platform) => {
      const store = await fullRedis();
      await using app = await HandlerApp.start(platform, {
        options: { ...store.options, driver: 'stealth', stealth: { ledger: 'redis' } },
      });
      const visitors = await Promise.all(
        [app.visitor(), app.visitor()].map(async (visitor) => {
          await visitor.in((session) => session.signIn('ann').put('cart', ['mug']));
          return { visitor, id: await visitor.in((session) => session.id) };
        }),
      );
      await store.fill();
      const [one, other] = visitors;
      await one?.visitor.in((session) => session.destroy().then(() => null));
      await app.manager.destroy(other?.id ?? '');
      const driver = app.manager.driver('redis');
      for (const { visitor, id } of visitors) {
        expect(await visitor.in((session) => session.all())).toEqual({});
        expect(await app.manager.read(id)).toBeNull();
        expect('read' in driver && (await driver.read(id))).toMatchObject({ version: 2, userId: null });
      }
    });
  },
  {
    controlsServer: true,
  },
);

describeWith(
  ['memcached'],
  'a memcached that is full and evicts nothing',
  () => {
    describeEndings(fullMemcached);
    describeLedger(fullMemcached);
    describeEndedLines(fullMemcached);
  },
  {
    controlsServer: true,
  },
);

describe('a SQLite database that is full', () => {
  describeEndings(fullDatabase);
  describeLedger(fullDatabase);
  describeEndedLines(fullDatabase);
});

describe('a store of an application that is full', () => {
  describeEndings(fullOwn);
  describeLedger(fullOwn);
  describeEndedLines(fullOwn);
});

describeWithSmallDisk('a disk without a block left', () => {
  describeEndings(() => fullDisk('blocks'));
  describeLedger(() => fullDisk('blocks'));
  describeEndedLines(() => fullDisk('blocks'));
});

describeWithSmallDisk('a disk without an inode left', () => {
  describeEndings(() => fullDisk('inodes'));
  describeLedger(() => fullDisk('inodes'));
  describeEndedLines(() => fullDisk('inodes'));

  it('keeps nothing of a session that was ended there', async () => {
    const store = fullDisk('inodes');
    const { options } = store;
    await using app = await HandlerApp.start('express', { options });
    const visitor = app.visitor();
    await visitor.in((session) => session.put('a', 1));
    const { location = '' } = options.file ?? {};
    expect((await readdir(location, { recursive: true })).length).toBe(2);
    await store.fill();
    await visitor.in((session) => session.destroy().then(() => null));
    expect((await readdir(location, { recursive: true })).length).toBe(1);
  });
});
