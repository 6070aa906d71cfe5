import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  SessionConfigError,
  type SessionManager,
  type SessionModuleOptions,
  SessionStoreError,
  type StoredSession,
} from 'nestjs-session-kit';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { CountingDriver } from '../support/counting-driver.js';
import { OneStore, type OneVisitor, stoppedTime } from '../support/one-session.js';
import { TempFolder } from '../support/temp-folder.js';

const MINUTE = 60_000;

const pass = stoppedTime();

type OfUsers = 'list' | 'listPage' | 'end' | 'endAll' | 'read' | 'destroy';

/** Calls a method with what its types would not let through. */
const calling = (manager: SessionManager, method: OfUsers, ...given: unknown[]): unknown =>
  Reflect.apply(manager[method], manager, given);

const DRIVERS: readonly [name: string, options: (folder: string) => Partial<SessionModuleOptions>][] = [
  ['memory', () => ({ driver: 'memory' })],
  ['file', (location) => ({ driver: 'file', file: { location } })],
];

describe.each(DRIVERS)('the sessions of a user, with %s', (_name, optionsFor) => {
  async function start(options: Partial<SessionModuleOptions> = {}) {
    const folder = await TempFolder.make();
    const store = await OneStore.start({ storeTimeout: '60s', ...optionsFor(folder.path), ...options });
    const signIn = async (userId: string | number): Promise<OneVisitor> => {
      const visitor = store.visitor();
      await visitor.in((session) => session.signIn(userId));
      return visitor;
    };
    return {
      signIn,
      manager: store.manager,
      startedAt: Date.now(),
      async [Symbol.asyncDispose]() {
        await store.module.close();
        await folder[Symbol.asyncDispose]();
      },
    };
  }

  const handleOf = (visitor: OneVisitor): Promise<string> => visitor.in(({ handle }) => handle);
  const userOf = (visitor: OneVisitor): Promise<string | null> => visitor.in(({ userId }) => userId);
  const handles = (sessions: readonly StoredSession[]): string[] => sessions.map(({ handle }) => handle);

  it('move up in the list with every visit that renews them', async () => {
    await using shop = await start();
    const phone = await shop.signIn('ann');
    pass(MINUTE);
    const laptop = await shop.signIn('ann');
    expect(handles(await shop.manager.list('ann'))[0]).toBe(await handleOf(laptop));
    pass(2 * MINUTE);
    const handle = await handleOf(phone);
    const [first] = await shop.manager.list('ann');
    expect(first).toMatchObject({ handle, lastActivity: Date.now() });
  });

  it.each<[string, boolean]>([
    ['of the usual length', false],
    ['that are remembered', true],
  ])(
    'move up in the list even if a visit cannot extend their life, with sessions %s',
    async (_which, remember) => {
      await using shop = await start({ absoluteAge: '3h' });
      await shop.signIn('ann');
      const laptop = await shop.signIn('ann');
      await laptop.in((session) => session.signIn('ann', { remember }));
      for (const minute of [30, 65, 100, 170, 170.5, 179]) {
        pass(shop.startedAt + minute * MINUTE - Date.now());
        await laptop.in((session) => session.get('cart'));
        const seen = minute === 170.5 ? 170 : minute;
        const handle = await handleOf(laptop);
        const [first] = await shop.manager.list('ann');
        expect(first).toMatchObject({ handle, lastActivity: shop.startedAt + seen * MINUTE });
        expect(first?.expiresAt).toBe(
          shop.startedAt + (remember ? 180 : Math.min(180, minute + 120)) * MINUTE,
        );
      }
    },
  );

  it('have no last activity in the future after the option `age` was shortened', async () => {
    const store = { useFactory: () => kept };
    const kept = new MemoryDriver();
    const options = { driver: 'kept', drivers: { kept: store } };
    {
      await using shop = await start({ ...options, age: '24h' });
      await shop.signIn('ann');
    }
    await using shop = await start({ ...options, age: '2h' });
    const lastActivity = async () => (await shop.manager.list('ann'))[0]?.lastActivity;
    expect(await lastActivity()).toBe(shop.startedAt);
    pass(23 * 60 * MINUTE);
    expect(await lastActivity()).toBeLessThanOrEqual(Date.now());
  });

  it('keep their entry and their handle through every change of id', async () => {
    await using shop = await start();
    const visitor = await shop.signIn('ann');
    const handle = await handleOf(visitor);
    await visitor.in((session) => session.regenerate());
    await visitor.in((session) => session.put('cart', ['mug']).regenerate());
    expect(handles(await shop.manager.list('ann'))).toEqual([handle]);
  });

  it('leave the list on sign-out, when another user signs in, and when they expire', async () => {
    await using shop = await start();
    const [out, other, late] = [await shop.signIn('ann'), await shop.signIn('ann'), await shop.signIn('ann')];
    await out.in((session) => session.signOut().put('cart', []));
    await other.in((session) => session.signIn('bob'));
    expect(handles(await shop.manager.list('ann'))).toEqual([await handleOf(late)]);
    expect(handles(await shop.manager.list('bob'))).toEqual([await handleOf(other)]);
    pass(121 * MINUTE);
    expect(await shop.manager.list('ann')).toEqual([]);
  });

  it('are found by a numeric user id and by its text', async () => {
    await using shop = await start();
    await shop.signIn(42);
    expect(await shop.manager.list(42)).toHaveLength(1);
    expect(await shop.manager.list('42')).toHaveLength(1);
  });

  it('are kept apart for users whose ids begin alike, however long', async () => {
    await using shop = await start({ sessionsPerUser: { max: 1, when: 'refuse' } });
    const [short, longer] = ['x'.repeat(255), 'x'.repeat(300)];
    const one = await shop.signIn(short);
    await shop.signIn(longer);
    const [ofLonger] = await shop.manager.list(longer);
    expect(ofLonger?.signedInAt).toBe(shop.startedAt);
    expect(await one.in(({ userId, signedInAt }) => [userId, signedInAt])).toEqual([short, shop.startedAt]);
    expect(await shop.manager.end(longer, await handleOf(one))).toBe(false);
    // Nor does it help to sign in under the name by which the store knows the user.
    const driver = shop.manager.driver();
    if (!('listByUser' in driver)) throw new Error('The driver cannot list.');
    const { userId: known } = (await driver.read(await one.in(({ id }) => id))) ?? {};
    await shop.signIn(known ?? '');
    expect(await shop.manager.endAll(known ?? '')).toBe(1);
    expect(await shop.manager.endAll(longer)).toBe(1);
    expect(await userOf(one)).toBe(short);
  });

  it('can be ended one at a time, by their handle', async () => {
    await using shop = await start();
    const [phone, laptop] = [await shop.signIn('ann'), await shop.signIn('ann')];
    const handle = await handleOf(phone);
    expect(await shop.manager.end('ann', handle)).toBe(true);
    expect([await userOf(phone), await userOf(laptop)]).toEqual([null, 'ann']);
    expect(await shop.manager.end('ann', handle)).toBe(false);
  });

  it('cannot be ended in the name of another user', async () => {
    await using shop = await start();
    const ann = await shop.signIn('ann');
    expect(await shop.manager.end('bob', await handleOf(ann))).toBe(false);
    expect(await userOf(ann)).toBe('ann');
  });

  it('can be ended all at once, except the one that asks', async () => {
    await using shop = await start();
    const [phone, laptop, bob] = [
      await shop.signIn('ann'),
      await shop.signIn('ann'),
      await shop.signIn('bob'),
    ];
    const ended = await laptop.in((session) => shop.manager.endAll('ann', { except: session }));
    expect(ended).toBe(1);
    expect(await Promise.all([phone, laptop, bob].map(userOf))).toEqual([null, 'ann', 'bob']);
    expect(await shop.manager.endAll('ann')).toBe(1);
    expect(await Promise.all([phone, laptop, bob].map(userOf))).toEqual([null, null, 'bob']);
    expect(await shop.manager.endAll('ann')).toBe(0);
  });

  it.each([[null], [undefined], [''], [Number.NaN], [{}]])(
    'are neither listed nor ended for the user %j, which is refused',
    async (nobody) => {
      await using shop = await start();
      const visitor = await shop.signIn('null');
      for (const [method, ...more] of [['list'], ['listPage'], ['end', 'x'], ['endAll']] as const) {
        const refused = calling(shop.manager, method, nobody, ...more);
        await expect(refused).rejects.toThrow(new RegExp(`\\.${method} got .* for a user`));
      }
      expect(await userOf(visitor)).toBe('null');
    },
  );

  it('are not ended by an invalid handle, which is refused with a 400', async () => {
    await using shop = await start();
    for (const handle of ['', undefined, null, ['x']]) {
      const ended = calling(shop.manager, 'end', 'ann', handle);
      await expect(ended).rejects.toMatchObject({
        message: expect.stringContaining('for a handle'),
        statusCode: 400,
      });
    }
  });

  it('are not ended if the session to be spared is no session', async () => {
    await using shop = await start();
    const visitor = await shop.signIn('ann');
    const handle = await handleOf(visitor);
    for (const options of [
      null,
      handle,
      { except: null },
      { except: handle },
      { except: {} },
      { excpt: { handle } },
    ]) {
      const ended = calling(shop.manager, 'endAll', 'ann', options);
      await expect(ended).rejects.toThrow(/endAll got .* it takes { except: session }/);
    }
    await visitor.in(async (session) => {
      const ended = calling(shop.manager, 'endAll', 'ann', session);
      await expect(ended).rejects.toThrow(/an object of RequestSession as its options/);
    });
    expect(await userOf(visitor)).toBe('ann');
    expect(await shop.manager.endAll('ann', {})).toBe(1);
  });

  it('are neither read nor destroyed by an invalid id', async () => {
    await using shop = await start();
    for (const id of ['', undefined, null]) {
      await expect(calling(shop.manager, 'read', id)).rejects.toThrow(/read got .* for an id/);
      await expect(calling(shop.manager, 'destroy', id)).rejects.toThrow(/destroy got .* for an id/);
    }
  });

  it('are not listed once they have reached their absoluteAge, even if they are visited', async () => {
    await using shop = await start({ absoluteAge: '10m' });
    const visitor = await shop.signIn('ann');
    pass(5 * MINUTE);
    expect(await userOf(visitor)).toBe('ann');
    expect(await shop.manager.list('ann')).toHaveLength(1);
    pass(5 * MINUTE);
    expect(await shop.manager.list('ann')).toEqual([]);
  });

  it('are neither listed nor ended beyond an `absoluteAge` that was configured after they began', async () => {
    const kept = new MemoryDriver();
    const options = { driver: 'kept', drivers: { kept: { useFactory: () => kept } } };
    await using before = await start(options);
    const handle = await handleOf(await before.signIn('ann'));
    await using shop = await start({ ...options, absoluteAge: '10m' });
    expect(handles(await shop.manager.list('ann'))).toEqual([handle]);
    pass(10 * MINUTE);
    expect(handles(await before.manager.list('ann'))).toEqual([handle]);
    expect(await shop.manager.list('ann')).toEqual([]);
    expect(await shop.manager.listPage('ann')).toEqual({ sessions: [], cursor: null });
    expect(await shop.manager.end('ann', handle)).toBe(false);
    expect(await shop.manager.endAll('ann')).toBe(0);
  });

  it('leave nothing in the store once they have expired and been collected', async () => {
    await using shop = await start();
    await shop.signIn('ann');
    pass(121 * MINUTE);
    await shop.manager.collectGarbage();
    const driver = shop.manager.driver();
    if (!('listByUser' in driver)) throw new Error('The driver cannot list.');
    expect(await driver.listByUser?.('ann', null)).toEqual({ records: [], cursor: null });
  });
});

describe('Many sessions of a user', () => {
  const MANY = 40;

  /** A store with that many sessions of ann's, and how many are ended in it at a time. */
  async function start(options: Partial<SessionModuleOptions> = {}) {
    const store = await OneStore.start();
    for (let many = 0; many < MANY; many += 1) {
      await store.visitor().in((session) => session.signIn('ann'));
      pass(1);
    }
    const seen = { now: 0, most: 0, begun: 0, fails: false };
    store.driver.before = async ({ method }) => {
      if (method === 'destroyVersion') {
        seen.begun += 1;
        seen.most = Math.max(seen.most, (seen.now += 1));
        await nextTurn();
        seen.now -= 1;
      }
      if (seen.fails && method.startsWith('destroy')) throw new Error('The store fails.');
    };
    const drivers = { kept: { useFactory: () => store.driver } };
    return { app: await OneStore.start({ driver: 'kept', drivers, ...options }), seen };
  }

  it('are ended a few at a time', async () => {
    const { app, seen } = await start();
    expect(await app.manager.endAll('ann')).toBe(MANY);
    expect(seen.most).toBeGreaterThan(1);
    expect(seen.most).toBeLessThanOrEqual(8);
    expect(await app.manager.list('ann')).toEqual([]);
  });

  it('are ended, all but the latest, on the first sign-in after the limit was lowered', async () => {
    const { app, seen } = await start({ sessionsPerUser: { max: 3 } });
    const visitor = app.visitor();
    await visitor.in((session) => session.signIn('ann'));
    expect(await app.manager.list('ann')).toHaveLength(3);
    expect(await visitor.in(({ userId }) => userId)).toBe('ann');
    expect(seen.most).toBeGreaterThan(1);
  });

  it('are not all tried if the store fails', async () => {
    const { app, seen } = await start({ storeTimeout: '60s' });
    seen.fails = true;
    await expect(app.manager.endAll('ann')).rejects.toThrow(SessionStoreError);
    expect(seen.begun).toBeLessThanOrEqual(8);
  });
});

it.each<[string, Partial<SessionModuleOptions>]>([
  ['stealth', { driver: 'stealth' }],
  ['own', { driver: 'own', drivers: { own: { useFactory: () => new CountingDriver() } } }],
])('%s cannot list a user’s sessions, and says so', async (driver, options) => {
  const { manager } = await OneStore.start(options);
  const refused = { name: SessionConfigError.name, message: expect.stringContaining(`"${driver}"`) };
  await expect(manager.list('ann')).rejects.toMatchObject(refused);
  await expect(manager.listPage('ann')).rejects.toMatchObject(refused);
  await expect(manager.end('ann', 'x')).rejects.toThrow(/cannot list/);
  await expect(manager.endAll('ann')).rejects.toThrow(/cannot list/);
});

it('each refusal by stealth says that a ledger can do it', async () => {
  const { manager, said } = await OneStore.start({ driver: 'stealth' });
  const ledger = /'stealth' can with a ledger \(stealth: \{ ledger: 'redis' \}\)/;
  const run = manager.run('an id', () => undefined);
  for (const refused of [manager.list('ann'), manager.end('ann', 'x'), manager.endAll('ann'), run])
    await expect(refused).rejects.toThrow(ledger);
  await manager.destroy('an id');
  expect(said).toEqual([expect.stringMatching(ledger)]);
  const limited = OneStore.start({ driver: 'stealth', sessionsPerUser: { max: 1 } });
  await expect(limited).rejects.toThrow(ledger);
});
