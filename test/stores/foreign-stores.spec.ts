import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { createCache } from 'cache-manager';
import session from 'express-session';
import { Keyv } from 'keyv';
import memorystore from 'memorystore';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type ConnectStore,
  type RecordDriver,
  SessionConfigError,
  connectStore,
  keyvStore,
} from 'nestjs-session-kit';
import { stopClock } from 'nestjs-session-kit/testing';
import { textHash } from '../../lib/drivers/text-hash.js';
import { barrier } from '../support/barrier.js';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS, setCookies } from '../support/test-app.js';

const MemoryStore = memorystore(session);

/** An express-session store that answers late, and fails on command. */
class TroubledStore extends MemoryStore {
  fails = false;

  override get(sid: string, callback: Parameters<session.Store['get']>[1]): void {
    if (this.fails) callback(new Error('the password is hunter2'));
    else setImmediate(() => setImmediate(() => super.get(sid, callback)));
  }
}

/** A store for a Keyv, which fails for one name. */
class TroubledMap extends Map<string, unknown> {
  failsFor = '(none)';

  override get(name: string): unknown {
    this.#assertReachable(name);
    return super.get(name);
  }

  override delete(name: string): boolean {
    this.#assertReachable(name);
    return super.delete(name);
  }

  #assertReachable(name: string): void {
    if (name.includes(this.failsFor)) throw new Error('away');
  }
}

const record = {
  payload: '{}',
  version: 1,
  lastActivity: 0,
  userId: null,
  ipAddress: null,
  userAgent: null,
};

describe.each(PLATFORMS)(
  'An application on %s whose driver is a store made for express-session',
  (platform) => {
    async function start(options: object = {}) {
      const store = new TroubledStore({ checkPeriod: 0 });
      const lines: string[] = [];
      const note = (line: unknown): void => void lines.push(String(line));
      const app = await HandlerApp.start(platform, {
        options: {
          driver: 'theirs',
          drivers: { theirs: { useFactory: () => connectStore(store) } },
          ...options,
        },
        configure: (nest) => nest.useLogger({ log: () => undefined, warn: note, error: note }),
      });
      return { app, store, lines, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
    }

    it('loses no update of twenty parallel requests', async () => {
      await using scene = await start();
      const visitor = scene.app.visitor();
      await visitor.in((current) => current.put('count', 0));
      const all = barrier(20);
      await Promise.all(
        Array.from({ length: 20 }, () =>
          visitor.in(async (current) => {
            await all.arrive();
            current.increment('count');
          }),
        ),
      );
      expect(await visitor.in((current) => current.get('count'))).toBe(20);
    });

    it('does not let a slow request undo a sign-out', async () => {
      await using scene = await start();
      const visitor = scene.app.visitor();
      const { asHeaders } = await visitor.handle((current) => current.signIn('ann'));
      const arrival = barrier(2);
      const signedOut = barrier(2);
      const slow = scene.app.visitor().in(
        async (current) => {
          await arrival.arrive();
          await signedOut.arrive();
          current.put('seen', true);
        },
        { headers: asHeaders },
      );
      await arrival.arrive();
      await visitor.in((current) => current.signOut());
      await signedOut.arrive();
      await slow;
      expect(await scene.app.visitor().in((current) => current.userId, { headers: asHeaders })).toBeNull();
    });

    it('logs once at boot what it cannot guarantee, and nothing else', async () => {
      await using scene = await start();
      await scene.app.visitor().in((current) => current.put('a', 1));
      expect(scene.lines).toEqual([
        expect.stringMatching(
          /^The session driver "theirs" is a store made for express-session \(TroubledStore\), which cannot compare and store in one step\..* several processes .*cannot list/,
        ),
      ]);
    });

    it('answers 503 while its store fails, and keeps the cookie', async () => {
      await using scene = await start();
      const visitor = scene.app.visitor();
      await visitor.in((current) => current.put('name', 'Ada'));
      scene.store.fails = true;
      const { response } = await visitor.handle(() => 'not reached', { status: 503 });
      expect(setCookies(response)).toEqual([]);
      expect(scene.lines.join('\n')).not.toContain('hunter2');
      scene.store.fails = false;
      expect(await visitor.in((current) => current.get('name'))).toBe('Ada');
    });

    it('answers 503 when its store never calls back', async () => {
      await using before = await start();
      const { asHeaders } = await before.app.visitor().handle((current) => current.put('name', 'Ada'));
      await using scene = await start({ storeTimeout: '50ms' });
      scene.store.get = () => undefined;
      const { response } = await scene.app.visitor().handle(() => 'not reached', {
        headers: asHeaders,
        status: 503,
      });
      expect(setCookies(response)).toEqual([]);
    });

    it('continues with an empty read-only session while its store fails, with whenStoreFails: degrade', async () => {
      await using scene = await start({ whenStoreFails: 'degrade' });
      const visitor = scene.app.visitor();
      await visitor.in((current) => current.put('name', 'Ada'));
      scene.store.fails = true;
      expect(await visitor.in((current) => [current.get('name'), current.readonly])).toEqual([
        undefined,
        true,
      ]);
    });
  },
);

describe('A driver made of a store', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('passes the lifetime to the store in every form that stores read', async () => {
    const seen: { cookie: session.Cookie }[] = [];
    class NotingStore extends session.MemoryStore {
      override set(sid: string, given: session.SessionData, callback?: (error?: unknown) => void): void {
        seen.push(given);
        super.set(sid, given, callback);
      }
    }
    const expiresAt = Date.now() + 60_000;
    await connectStore(new NotingStore()).write('id', { ...record, expiresAt });
    const [{ cookie } = { cookie: new session.Cookie() }] = seen;
    // Never sooner than the record itself.
    expect(cookie.expires?.getTime()).toBeGreaterThanOrEqual(expiresAt);
    expect(cookie.maxAge).toBeGreaterThan(59_000);
    expect(cookie.maxAge).toBeLessThanOrEqual(61_000);
    expect(cookie.originalMaxAge).toBe(cookie.maxAge);
  });

  it('takes turns with other drivers on the same store', async () => {
    const store = new TroubledStore({ checkPeriod: 0 });
    const drivers = [connectStore(store), connectStore(store)];
    const next = { ...record, expiresAt: Date.now() + 60_000 };
    const outcomes = await Promise.all(drivers.map((driver) => driver.write('id', next)));
    expect(outcomes.filter(Boolean)).toHaveLength(1);
  });

  it('notices when another process has overwritten its write', async () => {
    const inner = new MemoryStore({ checkPeriod: 0 });
    const other = connectStore(new Proxy(inner, {}));
    const expiresAt = Date.now() + 60_000;
    const ours: RecordDriver = connectStore(
      Object.assign(Object.create(inner), {
        // Another process that has read the same version writes right after this one.
        set(sid: string, given: session.SessionData, callback: (error?: unknown) => void) {
          inner.set(sid, given, () => {
            void other.destroy('id').then(async () => {
              await other.write('id', { ...record, payload: '{"of":"other"}', expiresAt });
              callback();
            });
          });
        },
      }),
    );
    expect(await ours.write('id', { ...record, expiresAt })).toBe(false);
    expect((await ours.read('id'))?.payload).toBe('{"of":"other"}');
  });

  it('does not take a session for ended because another process has overwritten its touch', async () => {
    const inner = new MemoryStore({ checkPeriod: 0 });
    const other = connectStore(new Proxy(inner, {}));
    const expiresAt = Date.now() + 60_000;
    await other.write('id', { ...record, expiresAt });
    const ours: RecordDriver = connectStore(
      Object.assign(Object.create(inner), {
        set(sid: string, given: session.SessionData, callback: (error?: unknown) => void) {
          inner.set(sid, given, () => {
            void other.write('id', { ...record, version: 2, expiresAt }).then(() => callback());
          });
        },
      }),
    );
    expect(await ours.touch('id', expiresAt + 1)).toBe(true);
    expect((await ours.read('id'))?.version).toBe(2);
  });

  it('treats ENOENT as "not found", as express-session does, and any other error as a failure', async () => {
    const failing = (code: string): ConnectStore => {
      const fail = (...given: unknown[]): void =>
        (given.at(-1) as (error: unknown) => void)(Object.assign(new Error('no'), { code }));
      return { get: fail, set: fail, destroy: fail };
    };
    const absent = connectStore(failing('ENOENT'));
    expect(await absent.read('id')).toBeNull();
    await absent.destroy('id');
    await expect(connectStore(failing('EIO')).read('id')).rejects.toThrow('no');
    await expect(connectStore(failing('EIO')).destroy('id')).rejects.toThrow('no');
  });

  it('rejects if a store throws instead of calling back', async () => {
    const throwing = (): never => {
      throw new Error('not open yet');
    };
    const driver = connectStore({ get: throwing, set: throwing, destroy: throwing });
    await expect(driver.write('id', { ...record, expiresAt: Date.now() + 1_000 })).rejects.toThrow(
      'not open',
    );
    await expect(driver.destroy('id')).rejects.toThrow('not open');
  });

  it('only considers the first callback of a store', async () => {
    const store = new MemoryStore({ checkPeriod: 0 });
    const driver = connectStore({
      get: (sid, callback) =>
        store.get(sid, (error: unknown, found) => {
          callback(error, found ?? null);
          callback(new Error('once more'));
          callback(null, null);
        }),
      set: (sid, kept, callback) => {
        store.set(sid, kept as session.SessionData, callback);
        callback(new Error('once more'));
      },
      destroy: (sid, callback) => {
        store.destroy(sid, callback);
      },
    });
    const first = driver.write('id', { ...record, expiresAt: Date.now() + 60_000 });
    await expect(first).rejects.toThrow('once more');
    expect(await driver.read('id')).toMatchObject({ version: 1 });
  });

  it('rejects if an async function of a store rejects and never calls back', async () => {
    const failing = (): unknown => Promise.reject(new Error('not open yet'));
    const driver = connectStore({ get: failing, set: failing, destroy: failing });
    await expect(driver.read('id')).rejects.toThrow('not open yet');
    await expect(driver.destroy('id')).rejects.toThrow('not open yet');
  });

  it('does not take the return value of an async function for the answer', async () => {
    const store = new MemoryStore({ checkPeriod: 0 });
    const later = (call: () => void): unknown => {
      setImmediate(call);
      return Promise.resolve(null);
    };
    const driver = connectStore({
      get: (sid, callback) => later(() => store.get(sid, callback as never)),
      set: (sid, kept, callback) => later(() => store.set(sid, kept as session.SessionData, callback)),
      destroy: (sid, callback) => later(() => store.destroy(sid, callback)),
    });
    expect(await driver.write('id', { ...record, expiresAt: Date.now() + 60_000 })).toBe(true);
    expect(await driver.read('id')).toMatchObject({ version: 1 });
  });

  it('can be made of an object without a class, and says so', () => {
    const functions = { get: () => undefined, set: () => undefined, destroy: () => undefined };
    const bare: ConnectStore = Object.assign(Object.create(null), functions);
    for (const store of [bare, functions])
      expect(connectStore(store).caveat).toMatch(/^is a store made for express-session \(an object\)/);
  });

  it('says what is missing when the argument is not a store', () => {
    expect(() => connectStore({ get: () => undefined } as never)).toThrow(
      /It has no function set, and none destroy\.$/,
    );
    expect(() => connectStore(MemoryStore as never)).toThrow(/got a function; .* with new in most cases/);
    expect(() => keyvStore(Keyv as never)).toThrow(/got a function; it takes a Keyv/);
  });

  it.each([null, {}, 'redis://localhost'])('cannot be made of %j', (store) => {
    expect(() => connectStore(store as never)).toThrow(SessionConfigError);
    expect(() => keyvStore(store as never)).toThrow(SessionConfigError);
    expect(() => keyvStore(new Map() as never)).toThrow(/it takes a Keyv of version 5 or 6/);
    expect(() => keyvStore(createCache() as never)).toThrow(
      /cache module is none; it holds some, as its stores/,
    );
  });

  it.each<[string, () => RecordDriver]>([
    ['connectStore', () => connectStore(new MemoryStore({ checkPeriod: 0 }))],
    ['connectStore and the store of express-session', () => connectStore(new session.MemoryStore())],
    ['keyvStore', () => keyvStore(new Keyv())],
  ])('of %s uses a clock that a test has moved', async (_made, make) => {
    using clock = stopClock();
    for (const begun of [clock.now(), Date.parse('2020-01-01'), Date.parse('2050-01-01')]) {
      const driver = make();
      const expiresAt = clock.set(begun).now() + 3_600_000;
      expect(await driver.write('id', { ...record, expiresAt })).toBe(true);
      clock.advance('59m');
      expect((await driver.read('id'))?.expiresAt).toBe(expiresAt);
      clock.advance('1m');
      expect(await driver.read('id')).toBeNull();
    }
  });

  it.each(['connectStore', 'keyvStore'])(
    'of %s continues after a call that its store never answers',
    async (made) => {
      vi.useFakeTimers();
      let isLost = true;
      const map = new Map<string, unknown>();
      const lost = new Promise<never>(() => undefined);
      const keyv = {
        throwOnErrors: true,
        get: async (key: string) => (isLost ? lost : map.get(key)),
        set: async (key: string, value: unknown) => void map.set(key, value),
        delete: async (key: string) => map.delete(key),
      };
      const store: ConnectStore = {
        get(sid, callback) {
          if (!isLost) callback(null, map.get(sid) as object);
        },
        set(sid, kept, callback) {
          map.set(sid, kept);
          callback();
        },
        destroy: (_sid, callback) => callback(),
      };
      const driver = made === 'keyvStore' ? keyvStore(keyv) : connectStore(store);
      const expiresAt = Date.now() + 3_600_000;
      const first = driver.write('id', { ...record, expiresAt });
      const second = driver.write('id', { ...record, expiresAt });
      const failure = first.catch((error: unknown) => String(error));
      isLost = false;
      await vi.advanceTimersByTimeAsync(30_000);
      expect(await failure).toContain('The store has not answered within 30 s.');
      expect(await second).toBe(true);
    },
  );

  it.each(['has a listener for errors', 'has none'])(
    'fails where a Keyv fails that %s, so that a failing store does not look empty',
    async (kind) => {
      const store = new TroubledMap();
      const keyv = new Keyv({ store });
      if (kind === 'has a listener for errors') keyv.on('error', () => undefined);
      const driver = keyvStore(keyv);
      const expiresAt = Date.now() + 3_600_000;
      expect(await driver.write('kept', { ...record, expiresAt })).toBe(true);
      store.failsFor = textHash('lost');
      // Calls for other records continue meanwhile.
      const read = await Promise.allSettled(['kept', 'lost', 'absent'].map((id) => driver.read(id)));
      expect(read).toMatchObject([{ value: { expiresAt } }, { status: 'rejected' }, { value: null }]);
      await expect(driver.destroy('lost')).rejects.toThrow(/away|failed/);
    },
  );

  it('fails where the adapter of a Keyv resolves a failed call and only emits the error', async () => {
    const inner = new Map<string, unknown>();
    const store = Object.assign(new EventEmitter(), {
      fails: false,
      async get(name: string) {
        await turn();
        return store.fails ? void store.emit('error', new Error('away')) : inner.get(name);
      },
      set: async (name: string, value: unknown) => void inner.set(name, value),
      delete: async (name: string) => inner.delete(name),
      clear: async () => inner.clear(),
    });
    const keyv = new Keyv({ store });
    keyv.on('error', () => undefined);
    const driver = keyvStore(keyv);
    expect(await driver.write('id', { ...record, expiresAt: Date.now() + 3_600_000 })).toBe(true);
    store.fails = true;
    await expect(driver.read('id')).rejects.toThrow('away');
    store.fails = false;
    expect(await driver.read('id')).toMatchObject({ version: 1 });
  });

  it('listens to a Keyv once, however many drivers are made of it', () => {
    const keyv = new Keyv();
    const listening = vi.spyOn(keyv, 'on');
    for (let made = 0; made < 3; made += 1) keyvStore(keyv);
    expect(listening.mock.calls.length).toBeLessThan(2);
  });
});
