import { Logger } from '@nestjs/common';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  SessionConfigError,
  type SessionModuleOptions,
  SessionStoreError,
  type StoredSession,
} from 'nestjs-session-kit';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { CountingDriver } from '../support/counting-driver.js';
import { HandlerApp, type Visitor } from '../support/handler-app.js';
import { TempFolder } from '../support/temp-folder.js';

const MINUTE = 60_000;
const START = 1_800_000_000_000;

const DRIVERS: readonly [name: string, options: (folder: string) => Partial<SessionModuleOptions>][] = [
  ['memory', () => ({ driver: 'memory' })],
  ['file', (location) => ({ driver: 'file', file: { location } })],
];

describe.each(DRIVERS)('the sessions of a user, with %s', (_name, optionsFor) => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: START }));
  afterEach(() => void vi.useRealTimers());

  async function start(options: Partial<SessionModuleOptions> = {}) {
    const folder = await TempFolder.make();
    const app = await HandlerApp.start('express', { options: { ...optionsFor(folder.path), ...options } });
    const signIn = async (userId: string | number, agent = 'a browser'): Promise<Visitor> => {
      const visitor = app.visitor();
      await visitor.in((session) => session.signIn(userId), { headers: { 'user-agent': agent } });
      return visitor;
    };
    return {
      app,
      signIn,
      manager: app.manager,
      async [Symbol.asyncDispose]() {
        await app[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      },
    };
  }

  const handleOf = (visitor: Visitor): Promise<string> => visitor.in(({ handle }) => handle);
  const userOf = (visitor: Visitor): Promise<string | null> => visitor.in(({ userId }) => userId);
  const handles = (sessions: readonly StoredSession[]): string[] => sessions.map(({ handle }) => handle);

  it('are listed with the details for a list of devices, latest first, without those of other users', async () => {
    await using shop = await start();
    const phone = await shop.signIn('ann', 'a phone');
    vi.setSystemTime(START + MINUTE);
    const laptop = await shop.signIn('ann', 'a laptop');
    await shop.signIn('bob');
    const address = expect.stringMatching(/127\.0\.0\.1$/);
    expect(await shop.manager.list('ann')).toEqual([
      {
        handle: await handleOf(laptop),
        createdAt: START + MINUTE,
        signedInAt: START + MINUTE,
        lastActivity: START + MINUTE,
        expiresAt: START + 121 * MINUTE,
        ipAddress: address,
        userAgent: 'a laptop',
      },
      {
        handle: await handleOf(phone),
        createdAt: START,
        signedInAt: START,
        lastActivity: START,
        expiresAt: START + 120 * MINUTE,
        ipAddress: address,
        userAgent: 'a phone',
      },
    ]);
    expect(await shop.manager.list('nobody')).toEqual([]);
  });

  it('move up in the list with every visit that renews them', async () => {
    await using shop = await start();
    const phone = await shop.signIn('ann');
    vi.setSystemTime(START + MINUTE);
    const laptop = await shop.signIn('ann');
    expect(handles(await shop.manager.list('ann'))[0]).toBe(await handleOf(laptop));
    vi.setSystemTime(START + 3 * MINUTE);
    const handle = await handleOf(phone);
    const [first] = await shop.manager.list('ann');
    expect(first).toMatchObject({ handle, lastActivity: START + 3 * MINUTE });
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
        vi.setSystemTime(START + minute * MINUTE);
        await laptop.in((session) => session.get('cart'));
        const seen = minute === 170.5 ? 170 : minute;
        const handle = await handleOf(laptop);
        const [first] = await shop.manager.list('ann');
        expect(first).toMatchObject({ handle, lastActivity: START + seen * MINUTE });
        expect(first?.expiresAt).toBe(START + (remember ? 180 : Math.min(180, minute + 120)) * MINUTE);
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
    expect(await lastActivity()).toBe(START);
    vi.setSystemTime(START + 23 * 60 * MINUTE);
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
    vi.setSystemTime(START + 121 * MINUTE);
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
    expect(ofLonger?.signedInAt).toBe(START);
    expect(await one.in(({ userId, signedInAt }) => [userId, signedInAt])).toEqual([short, START]);
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
      const { manager } = shop;
      const visitor = await shop.signIn('null');
      const user = nobody as string;
      await expect(manager.list(user)).rejects.toThrow(/list got .* for a user/);
      await expect(manager.listPage(user)).rejects.toThrow(/listPage got .* for a user/);
      await expect(manager.end(user, 'x')).rejects.toThrow(/end got .* for a user/);
      await expect(manager.endAll(user)).rejects.toThrow(/endAll got .* for a user/);
      expect(await userOf(visitor)).toBe('null');
    },
  );

  it('are not ended by an invalid handle, which is refused with a 400', async () => {
    await using shop = await start();
    for (const handle of ['', undefined, null, ['x']]) {
      const ended = shop.manager.end('ann', handle as string);
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
    for (const options of [null, handle, { except: null }, { except: handle }, { except: {} }]) {
      const ended = shop.manager.endAll('ann', options as object);
      await expect(ended).rejects.toThrow(/endAll got .* it takes { except: session }/);
    }
    await visitor.in(async (session) => {
      const ended = shop.manager.endAll('ann', session as object);
      await expect(ended).rejects.toThrow(/an object of RequestSession as its options/);
    });
    expect(await userOf(visitor)).toBe('ann');
    expect(await shop.manager.endAll('ann', {})).toBe(1);
  });

  it('are neither read nor destroyed by an invalid id', async () => {
    await using shop = await start();
    for (const id of ['', undefined, null]) {
      await expect(shop.manager.read(id as string)).rejects.toThrow(/read got .* for an id/);
      await expect(shop.manager.destroy(id as string)).rejects.toThrow(/destroy got .* for an id/);
    }
  });

  it('are not listed once they have reached their absoluteAge', async () => {
    await using shop = await start({ absoluteAge: '10m' });
    await shop.signIn('ann');
    expect(await shop.manager.list('ann')).toHaveLength(1);
    vi.setSystemTime(START + 10 * MINUTE);
    expect(await shop.manager.list('ann')).toEqual([]);
  });

  it('leave nothing in the store once they have expired and been collected', async () => {
    await using shop = await start();
    await shop.signIn('ann');
    vi.setSystemTime(START + 121 * MINUTE);
    await shop.manager.collectGarbage();
    const driver = shop.manager.driver();
    if (!('listByUser' in driver)) throw new Error('The driver cannot list.');
    expect(await driver.listByUser?.('ann', null)).toEqual({ records: [], cursor: null });
  });
});

describe('Many sessions of a user', () => {
  const MANY = 40;

  /** An application with that many sessions of ann's, and how many are ended in the store at a time. */
  async function start(options: Partial<SessionModuleOptions> = {}) {
    const driver = new MemoryDriver();
    const destroyVersion = driver.destroyVersion.bind(driver);
    const seen = { now: 0, most: 0, begun: 0, fails: false };
    driver.destroyVersion = async (id, version) => {
      seen.begun += 1;
      seen.most = Math.max(seen.most, (seen.now += 1));
      await nextTurn();
      seen.now -= 1;
      if (seen.fails) throw new Error('The store fails.');
      return destroyVersion(id, version);
    };
    const destroy = driver.destroy.bind(driver);
    driver.destroy = (id) => (seen.fails ? Promise.reject(new Error('The store fails.')) : destroy(id));
    const drivers = { kept: { useFactory: () => driver } };
    const begin = (given: Partial<SessionModuleOptions>) =>
      HandlerApp.start('express', { options: { driver: 'kept', drivers, ...given } });
    const app = await begin({});
    onTestFinished(() => app[Symbol.asyncDispose]());
    for (let many = 0; many < MANY; many += 1) await app.visitor().in((session) => session.signIn('ann'));
    seen.most = seen.begun = 0;
    const limited = await begin(options);
    onTestFinished(() => limited[Symbol.asyncDispose]());
    return { app: limited, seen };
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
  await using app = await HandlerApp.start('express', { options });
  const refused = { name: SessionConfigError.name, message: expect.stringContaining(`"${driver}"`) };
  await expect(app.manager.list('ann')).rejects.toMatchObject(refused);
  await expect(app.manager.listPage('ann')).rejects.toMatchObject(refused);
  await expect(app.manager.end('ann', 'x')).rejects.toThrow(/cannot list/);
  await expect(app.manager.endAll('ann')).rejects.toThrow(/cannot list/);
});

it('each refusal by stealth says that a ledger can do it', async () => {
  await using app = await HandlerApp.start('express', { options: { driver: 'stealth' } });
  const ledger = /'stealth' can with a ledger \(stealth: \{ ledger: 'redis' \}\)/;
  const run = app.manager.run('an id', () => undefined);
  for (const refused of [
    app.manager.list('ann'),
    app.manager.end('ann', 'x'),
    app.manager.endAll('ann'),
    run,
  ])
    await expect(refused).rejects.toThrow(ledger);
  const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  await app.manager.destroy('an id');
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(ledger));
  warn.mockRestore();
  const limited = HandlerApp.start('express', {
    options: { driver: 'stealth', sessionsPerUser: { max: 1 } },
  });
  await expect(limited).rejects.toThrow(ledger);
});
