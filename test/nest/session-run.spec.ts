import { Test } from '@nestjs/testing';
import {
  NoSessionError,
  Session,
  SessionManager,
  SessionModule,
  SessionReadonlyError,
  SessionStoreError,
  SessionValueError,
} from 'nestjs-session-kit';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/drivers/clock.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { SessionLifecycles } from '../../lib/nest/session-lifecycles.js';
import { Deferred } from '../parallel/support/deferred.js';
import { OneRequest, OneStore, stoppedTime } from '../support/one-session.js';
import { SECRET } from '../support/test-app.js';

const pass = stoppedTime();

/** A store with one session in it, and that session's raw id. */
async function seeded(
  options: Parameters<typeof OneStore.start>[0] = {},
): Promise<{ store: OneStore; token: string; id: string }> {
  const store = await OneStore.start(options);
  const token = await store.seed();
  const { id } = (await store.open(token)).session;
  store.calls();
  return { store, token, id };
}

describe('SessionManager.run with an id', () => {
  it('gives the function its session, as argument and by facade, commits, and returns its result', async () => {
    const { store, token, id } = await seeded();
    const sum = await store.manager.run(id, async (session) => {
      expect(Session.current()).toBe(session);
      Session.put('total', 5);
      await Promise.resolve();
      return Number(Session.get('total')) + 1;
    });
    expect([sum, store.calls()]).toEqual([6, ['read A', 'write A 2']]);
    expect(await store.reads(token)).toEqual({ user: 'ann', total: 5 });
  });

  it('costs one read if nothing is written, and renews nothing: a job is no visit', async () => {
    const { store, token, id } = await seeded({ age: '1h' });
    pass(45 * 60_000);
    expect(await store.manager.run(id, (session) => session.get('user'))).toBe('ann');
    expect(store.calls()).toEqual(['read A']);
    await store.manager.run(id, (session) => void session.put('job', 1));
    pass(15 * 60_000);
    expect(await store.reads(token)).toEqual({});
  });

  it('keeps the time and client of the last visit in the record, even if a request writes meanwhile', async () => {
    const { store, token, id } = await seeded();
    const before = await store.manager.read(id);
    const visit = { lastActivity: 1_700_000_000_500, ipAddress: '192.0.2.1', userAgent: 'a browser' };
    await store.driver.write(id, {
      ...before,
      ...visit,
      payload: before?.payload ?? '',
      expiresAt: before?.expiresAt ?? 0,
      userId: null,
      version: 2,
    });
    pass(1_000);
    await store.manager.run(id, async (session) => {
      session.put('job', 1);
      const request = await store.open(token);
      request.session.put('page', 1);
      await request.respond();
    });
    const after = await store.manager.read(id);
    // The test's requests have no client: what the request wrote stays.
    expect(after).toMatchObject({ lastActivity: 1_700_000_001_000, userAgent: null, version: 4 });
    await store.driver.write(id, {
      ...visit,
      payload: after?.payload ?? '',
      expiresAt: after?.expiresAt ?? 0,
      userId: null,
      version: 5,
    });
    await store.manager.run(id, (session) => void session.put('job', 2));
    expect(await store.manager.read(id)).toMatchObject({
      ...visit,
      values: { user: 'ann', job: 2, page: 1 },
    });
  });

  it('loses no change to concurrent jobs and requests of the same session', async () => {
    const { store, token, id } = await seeded();
    const job = (): Promise<unknown> =>
      store.manager.run(id, async (session) => {
        await Promise.resolve();
        session.increment('count');
        session.push('names', 'job');
      });
    const visit = async (): Promise<unknown> => {
      const request = await store.open(token);
      request.session.increment('count');
      return request.respond();
    };
    await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? job() : visit())));
    expect(await store.reads(token)).toEqual({
      user: 'ann',
      count: 20,
      names: Array<string>(10).fill('job'),
    });
  });

  it('can be nested, each call with its own session', async () => {
    const { store, id } = await seeded();
    const inner = await store.seed((session) => session.put('user', 'bob'));
    const innerId = (await store.open(inner)).session.id;
    await store.manager.run(id, async () => {
      expect(await store.manager.run(innerId, () => Session.get('user'))).toBe('bob');
      expect(Session.get('user')).toBe('ann');
      expect(await store.manager.run(id, () => Session.increment('nested'))).toBe(1);
      // This session was loaded before the inner one wrote; both increments are stored.
      expect(Session.increment('nested')).toBe(1);
    });
    expect((await store.manager.read(id))?.values).toEqual({ user: 'ann', nested: 2 });
  });

  it('commits nothing if the function throws or rejects, and rejects with its error', async () => {
    const { store, token, id } = await seeded();
    const broken = new Error('broken');
    for (const fn of [
      () => {
        Session.put('half', 1);
        throw broken;
      },
      async () => {
        Session.put('half', 1);
        await Promise.resolve();
        throw broken;
      },
    ])
      await expect(store.manager.run(id, fn)).rejects.toBe(broken);
    expect(await store.reads(token)).toEqual({ user: 'ann' });
  });

  it('stores nothing that a failed function commits later', async () => {
    const { store, token, id } = await seeded();
    const later: (() => Promise<unknown>)[] = [];
    const failing = store.manager.run(id, (session) => {
      session.put('half', 1);
      later.push(() => session.commit());
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    await Promise.all(later.map((commit) => commit()));
    expect(await store.reads(token)).toEqual({ user: 'ann' });
  });

  it('keeps what the function committed itself before it threw', async () => {
    const { store, token, id } = await seeded();
    await expect(
      store.manager.run(id, async (session) => {
        await session.put('step', 1).commit();
        session.put('step', 2);
        throw new Error('broken');
      }),
    ).rejects.toThrow('broken');
    expect(await store.reads(token)).toEqual({ user: 'ann', step: 1 });
  });

  it('flashes for the next page, and consumes no message that waits for it', async () => {
    const { store, token, id } = await seeded();
    await store.manager.run(id, () => void Session.flash('export', 'ready'));
    expect(await store.manager.run(id, () => Session.get('export', 'not shown'))).toBe('not shown');
    expect(await store.reads(token)).toEqual({ user: 'ann', export: 'ready' });
  });

  it('finds a session that has just moved to a new id', async () => {
    const { store, token, id } = await seeded();
    const request = await store.open(token);
    request.session.regenerate();
    const moved = (await request.respond()).token;
    await store.manager.run(id, () => void Session.put('job', 1));
    expect(await store.reads(moved)).toEqual({ user: 'ann', job: 1 });
  });

  it('finds it, as SessionManager.destroy does, by each id that it left within half a minute, and read by none', async () => {
    const { store, token, id } = await seeded();
    const move = async (from: string): Promise<string> => {
      const request = await store.open(from);
      request.session.regenerate();
      return (await request.respond()).token;
    };
    const once = await move(token);
    const second = (await store.open(once)).session.id;
    pass(20_000);
    const twice = await move(once);
    for (const left of [id, second]) {
      await store.manager.run(left, () => void Session.increment('jobs'));
      expect(await store.manager.read(left)).toBeNull();
    }
    expect(await store.reads(twice)).toEqual({ user: 'ann', jobs: 2 });
    pass(10_000);
    await expect(store.manager.run(id, () => undefined)).rejects.toThrow(NoSessionError);
    await store.manager.destroy(id);
    expect(await store.reads(twice)).toEqual({ user: 'ann', jobs: 2 });
    await store.manager.destroy(second);
    expect(await store.reads(twice)).toEqual({});
  });

  it('follows a session that moves while the function runs', async () => {
    const { store, token, id } = await seeded();
    let moved = '';
    await store.manager.run(id, async (session) => {
      session.put('job', 1);
      const request = await store.open(token);
      request.session.regenerate();
      moved = (await request.respond()).token;
    });
    expect(await store.reads(moved)).toEqual({ user: 'ann', job: 1 });
  });

  it('does not call the function for an unknown id, a signed token or an expired session', async () => {
    const { store, token, id } = await seeded({ age: '1h' });
    const called: string[] = [];
    const run = async (whose: string): Promise<unknown> =>
      store.manager.run(whose, () => void called.push(whose)).catch((error: unknown) => error);
    expect(await run(token)).toBeInstanceOf(NoSessionError);
    expect(await run('unknown')).toMatchObject({ message: expect.stringContaining('has ended (signed out') });
    pass(3_600_000);
    expect(await run(id)).toBeInstanceOf(NoSessionError);
    expect([called, String(await run(id)).includes(id)]).toEqual([[], false]);
  });

  it.each(['watched', 'stealth'])('finds no session under a text that is no Unicode (%s)', async (driver) => {
    const store = await OneStore.start({ driver });
    await expect(store.manager.run('\ud800', () => 'not reached')).rejects.toThrow(NoSessionError);
  });

  it('drops the changes of a session that ended meanwhile, and logs that without its id', async () => {
    const { store, token, id } = await seeded();
    const result = await store.manager.run(id, async (session) => {
      session.put('late', 1);
      await store.manager.destroy(id);
      return 'done';
    });
    expect([result, store.said]).toEqual(['done', [expect.stringContaining('was dropped')]]);
    expect(await store.reads(token)).toEqual({});
    expect(store.said.join('')).not.toContain(id);
  });

  it('lets the function destroy the session, but refuses a new id', async () => {
    const { store, token, id } = await seeded();
    await store.manager.run(id, async (session) => {
      expect(() => session.regenerate()).toThrow(SessionReadonlyError);
      expect(() => session.invalidate()).toThrow('What ends it is destroy()');
      expect(() => session.signOut()).toThrow('What ends it is destroy()');
      expect(() => session.signIn('ann')).toThrow(SessionReadonlyError);
      await session.destroy();
      expect([session.all(), Session.all()]).toEqual([{}, {}]);
      expect(() => session.put('a', 1)).toThrow('SessionManager.run has no response');
    });
    expect(await store.reads(token)).toEqual({});
  });

  it('waits for a destroy that the function did not await', async () => {
    const { store, token, id } = await seeded();
    await store.manager.run(id, (session) => void session.destroy());
    expect(await store.reads(token)).toEqual({});
  });

  it('explains to work that outlives the function why the facade has no session, and lets it commit', async () => {
    const { store, token, id } = await seeded();
    const [ended, outlived] = [new Deferred(), new Deferred()];
    let seen: unknown;
    await store.manager.run(id, (session) => {
      void ended.promise.then(async () => {
        try {
          Session.get('user');
        } catch (error) {
          seen = error;
        }
        await session.put('late', 1).commit();
        outlived.resolve();
      });
    });
    ended.resolve();
    await outlived.promise;
    expect(seen).toBeInstanceOf(NoSessionError);
    expect(String(seen)).toContain('the function given to SessionManager.run, which has ended');
    expect(await store.reads(token)).toEqual({ user: 'ann', late: 1 });
  });

  it('rejects with the error of the store, before the function and at the commit', async () => {
    const { store, id } = await seeded();
    let calls = 0;
    const run = async (): Promise<unknown> =>
      store.manager.run(id, (session) => {
        calls += 1;
        session.put('a', 1);
      });
    store.failNext('read');
    await expect(run()).rejects.toThrow(SessionStoreError);
    store.failNext('write');
    await expect(run()).rejects.toThrow(SessionStoreError);
    expect(calls).toBe(1);
  });

  it('rejects when the store fails to load the session, also with degrade', async () => {
    const { store, id } = await seeded({ whenStoreFails: 'degrade' });
    store.failNext('read');
    await expect(store.manager.run(id, () => 'called')).rejects.toThrow(SessionStoreError);
    expect(await store.manager.run(id, () => Session.get('user'))).toBe('ann');
  });

  it('makes a per-request driver without a request', async () => {
    const requests: unknown[] = [];
    const driver = new MemoryDriver({}, systemClock);
    const module = await Test.createTestingModule({
      imports: [SessionModule.forRoot({ secret: SECRET, driver: 'each' })],
    }).compile();
    const manager = module.get(SessionManager);
    manager.extend('each', (_config, request) => {
      requests.push(request);
      return driver;
    });
    await module.init();
    const request = new OneRequest(module.get(SessionLifecycles), []);
    await request.session.put('user', 'ann').commit();
    requests.splice(0);
    expect(await manager.run(request.session.id, () => Session.get('user'))).toBe('ann');
    expect(requests).toEqual([undefined]);
  });

  it('rejects with stealth, which cannot load a session by its id', async () => {
    const store = await OneStore.start({ driver: 'stealth' });
    const { id } = (await store.open(await store.seed())).session;
    await expect(store.manager.run(id, () => 1)).rejects.toThrow(NoSessionError);
    await expect(store.manager.run(id, () => 1)).rejects.toThrow("they are in the visitors' cookies");
  });
});

describe.each(['watched', 'stealth'])('SessionManager.run with values (%s)', (driver) => {
  it('gives the function a session with a copy of the values, which is never stored', async () => {
    const store = await OneStore.start({ driver });
    const values = { user: 'ann', cart: ['mug'], 'a.b': 1 };
    const result = await store.manager.run(values, async (session) => {
      Session.push('cart', 'pen').put('n', 1).regenerate();
      await session.commit();
      return session.all();
    });
    expect(result).toEqual({ user: 'ann', cart: ['mug', 'pen'], 'a.b': 1, n: 1 });
    expect(values).toEqual({ user: 'ann', cart: ['mug'], 'a.b': 1 });
    expect([store.calls(), store.said]).toEqual([[], []]);
  });

  it('refuses setId, and rejects with the error of the function', async () => {
    const store = await OneStore.start({ driver });
    await expect(store.manager.run({}, (session) => session.setId('x'))).rejects.toThrow(
      SessionReadonlyError,
    );
    await expect(
      store.manager.run({ user: 'ann' }, () => {
        throw new TypeError('broken');
      }),
    ).rejects.toThrow(TypeError);
    expect(() => Session.current()).toThrow(NoSessionError);
  });
});

describe('SessionManager.run', () => {
  it.each([[undefined], [''], [null], [7], [['a']], [new Date(0)], [new Map()]])(
    'refuses %s in place of an id or values, and never shows its arguments',
    async (whose) => {
      const { manager } = await OneStore.start();
      // As plain JavaScript may call it.
      const run = manager.run.bind(manager);
      await expect(Reflect.apply(run, undefined, [whose, () => 1])).rejects.toThrow(SessionValueError);
      await expect(Reflect.apply(run, undefined, ['secret-id', 'secret'])).rejects.toThrow(
        /^(?!.*secret).*and a function/,
      );
    },
  );
});
