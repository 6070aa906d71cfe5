import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Module,
  UseFilters,
} from '@nestjs/common';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  Session,
  SessionConfigError,
  SessionLimitError,
  type SessionModuleOptions,
  SessionStoreError,
} from 'nestjs-session-kit';
import { systemClock } from '../../lib/drivers/clock.js';
import type { RecordDriver } from '../../lib/drivers/driver.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { Deferred } from '../parallel/support/deferred.js';
import { SHARED_STORES } from '../parallel/support/stores.js';
import { openStore } from '../parallel/support/store-setting.js';
import { WatchedDriver } from '../parallel/support/watched-driver.js';
import { CountingDriver } from '../support/counting-driver.js';
import { HandlerApp, type Visitor } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

const MINUTE = 60_000;
const START = 1_800_000_000_000;

type Limit = NonNullable<SessionModuleOptions['sessionsPerUser']>;

/** Opens a way to one store, as each process has its own; all are closed behind the test. */
type Ways = () => Promise<RecordDriver>;

async function inMemory(): Promise<Ways> {
  const driver = new MemoryDriver({}, systemClock);
  return () => Promise.resolve(driver);
}

async function shared(name: string): Promise<Ways> {
  const store = await SHARED_STORES.find((kind) => kind.name === name)?.make();
  if (store === undefined) throw new Error(`There is no store ${name}`);
  onTestFinished(() => store.remove());
  return async () => {
    const open = await openStore(store.setting);
    onTestFinished(() => open.close());
    return open.driver;
  };
}

async function startOn(driver: RecordDriver, sessionsPerUser: Limit): Promise<HandlerApp> {
  const options = { driver: 'shared', drivers: { shared: { useFactory: () => driver } }, sessionsPerUser };
  const app = await HandlerApp.start('express', { options });
  onTestFinished(() => app[Symbol.asyncDispose]());
  return app;
}

const clockAt = (minutes: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: START + minutes * MINUTE });
  onTestFinished(() => void vi.useRealTimers());
};

const signIn = async (app: HandlerApp, user = 'ann'): Promise<Visitor> => {
  const visitor = app.visitor();
  await visitor.in((session) => session.signIn(user));
  return visitor;
};

const userOf = (visitor: Visitor): Promise<string | null> => visitor.in(({ userId }) => userId);
const usersOf = (...visitors: Visitor[]): Promise<(string | null)[]> => Promise.all(visitors.map(userOf));

describe.each<[string, () => Promise<Ways>]>([
  ['memory', inMemory],
  ['file', () => shared('file')],
  ['SQLite', () => shared('SQLite')],
])('How many sessions a user may have, on %s', (_name, ways) => {
  const start = async (limit: Limit): Promise<HandlerApp> => startOn(await (await ways())(), limit);

  it('ends the ones that were active longest ago where somebody signs in once more', async () => {
    const app = await start({ max: 2 });
    clockAt(0);
    const phone = await signIn(app);
    clockAt(1);
    const laptop = await signIn(app);
    const bob = await signIn(app, 'bob');
    clockAt(10);
    expect(await userOf(phone)).toBe('ann');
    clockAt(11);
    const tablet = await signIn(app);
    expect(await usersOf(phone, laptop, tablet, bob)).toEqual(['ann', null, 'ann', 'bob']);
  });

  it('counts a device once that signs in again, and one that becomes another user’s for him', async () => {
    const app = await start({ max: 1 });
    const phone = await signIn(app);
    await phone.in((session) => session.signIn('ann'));
    expect(await userOf(phone)).toBe('ann');
    const laptop = await signIn(app, 'bob');
    await laptop.in((session) => session.signIn('ann'));
    expect(await usersOf(phone, laptop)).toEqual([null, 'ann']);
    expect(await app.manager.list('bob')).toEqual([]);
  });

  it.each(['put', 'regenerate'])('counts whoever is signed in by other means as well (%s)', async (means) => {
    const app = await start({ max: 1 });
    const phone = await signIn(app);
    const laptop = app.visitor();
    await laptop.in((session) => session.put('cart', ['mug']));
    await laptop.in((session) => {
      if (means === 'regenerate') session.regenerate();
      session.put('userId', 'ann');
    });
    expect(await usersOf(phone, laptop)).toEqual([null, 'ann']);
  });

  it('refuses the sign-in where that is asked for, and leaves everything as it was', async () => {
    const app = await start({ max: 1, when: 'refuse' });
    const phone = await signIn(app);
    const laptop = app.visitor();
    const before = await laptop.in((session) => session.put('cart', ['mug']).id);
    const { response, cookies } = await laptop.handle(
      (session) => session.put('cart', ['cap']).signIn('ann'),
      { status: 409 },
    );
    expect(response.body).toEqual({ statusCode: 409, message: 'Conflict' });
    expect(cookies).toEqual([]);
    expect(await laptop.in((session) => ({ id: session.id, all: session.all() }))).toEqual({
      id: before,
      all: { cart: ['mug'] },
    });
    expect(await app.manager.list('ann')).toHaveLength(1);
    expect(await userOf(phone)).toBe('ann');
    // A visitor without a session gets none.
    const stranger = app.visitor();
    expect((await stranger.handle((session) => session.signIn('ann'), { status: 409 })).cookies).toEqual([]);
    await phone.in((session) => session.signOut());
    await laptop.in((session) => session.signIn('ann'));
    expect(await userOf(laptop)).toBe('ann');
  });

  it('lets the handler say so, in a session that goes on as it was', async () => {
    const app = await start({ max: 1, when: 'refuse' });
    await signIn(app);
    const laptop = app.visitor();
    await laptop.in((session) => session.put('cart', ['mug']));
    const refused = await laptop.in(async (session) => {
      try {
        await session.signIn('ann').commit();
        return null;
      } catch (error) {
        session.flash('status', 'Sign out somewhere else first.');
        return { error, user: session.userId, all: session.all() };
      }
    });
    expect(refused).toEqual({
      error: expect.any(SessionLimitError),
      user: null,
      all: { cart: ['mug'], status: 'Sign out somewhere else first.' },
    });
    expect(await laptop.in((session) => session.all())).toEqual({
      cart: ['mug'],
      status: 'Sign out somewhere else first.',
    });
  });

  it('ends what was to end, though what was to begin is refused', async () => {
    const app = await start({ max: 1, when: 'refuse' });
    await signIn(app);
    const laptop = await signIn(app, 'bob');
    await laptop.handle((session) => session.signOut().signIn('ann'), { status: 409 });
    expect(await userOf(laptop)).toBeNull();
    expect(await app.manager.list('bob')).toEqual([]);
  });

  it('holds where many sign in at once, in two processes', async () => {
    const open = await ways();
    const here = await startOn(await open(), { max: 2 });
    const there = await startOn(await open(), { max: 2 });
    await Promise.all([here, here, here, here].map((app) => signIn(app)));
    expect(await here.manager.list('ann')).toHaveLength(2);
    const visitors = await Promise.all([here, there, here, there, here, there].map((app) => signIn(app)));
    const left = await here.manager.list('ann');
    expect(left.length).toBeGreaterThanOrEqual(1);
    expect(left.length).toBeLessThanOrEqual(2);
    expect((await usersOf(...visitors)).filter((user) => user === 'ann').length).toBeLessThanOrEqual(2);
  });

  it('holds where many are to be refused at once, in two processes', async () => {
    const open = await ways();
    const apps = [
      await startOn(await open(), { max: 2, when: 'refuse' }),
      await startOn(await open(), { max: 2, when: 'refuse' }),
    ];
    const tries = [...apps, ...apps, ...apps].map(async (app) => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('cart', ['mug']));
      const { cookies } = await visitor.handle(async (session) => {
        await session
          .signIn('ann')
          .commit()
          .catch(() => null);
      });
      return { visitor, isIn: cookies.length > 0 };
    });
    const tried = await Promise.all(tries);
    const users = tried.map(({ isIn }) => (isIn ? 'ann' : null));
    expect(await usersOf(...tried.map(({ visitor }) => visitor))).toEqual(users);
    expect(users.filter((user) => user !== null).length).toBeLessThanOrEqual(2);
    expect(await apps[0]?.manager.list('ann')).toHaveLength(users.filter((user) => user !== null).length);
    // Nobody who was refused has lost what he had.
    for (const { visitor } of tried)
      expect(await visitor.in((session) => session.get('cart'))).toEqual(['mug']);
  });
});

it('takes a sign-in back that another process has overtaken, before its old id is given up', async () => {
  const driver = new WatchedDriver(new MemoryDriver({}, systemClock));
  const limit: Limit = { max: 1, when: 'refuse' };
  const [here, there] = [await startOn(driver, limit), await startOn(driver, limit)];
  const [phone, laptop] = [here.visitor(), there.visitor()];
  for (const visitor of [phone, laptop]) await visitor.in((session) => session.put('cart', ['mug']));
  // Both have counted when the first of them is stored.
  const counted = new Deferred();
  let writes = 0;
  driver.before = async ({ method }) => {
    if (method !== 'write' || writes === 2) return;
    writes += 1;
    if (writes === 2) counted.resolve();
    await counted.promise;
  };
  const signingIn = (visitor: Visitor) => visitor.handle((session) => session.signIn('ann'), { status: 409 });
  const outcomes = await Promise.allSettled([signingIn(phone), signingIn(laptop)]);
  const list = await here.manager.list('ann');
  expect(list.length).toBe(outcomes.filter(({ status }) => status === 'rejected').length);
  expect(list.length).toBeLessThanOrEqual(1);
  for (const visitor of [phone, laptop])
    expect(await visitor.in((session) => session.get('cart'))).toEqual(['mug']);
});

it('keeps the latest of those who sign in at the same moment, each in a process of its own', async () => {
  const driver = new WatchedDriver(new MemoryDriver({}, systemClock));
  const apps = await Promise.all([0, 1, 2, 3].map(() => startOn(driver, { max: 2 })));
  clockAt(0);
  // All are stored when the first of them counts.
  const stored = new Deferred();
  let writes = 0;
  driver.after = async ({ method }) => {
    if (method !== 'write' || writes === 4) return;
    writes += 1;
    if (writes === 4) stored.resolve();
    await stored.promise;
  };
  let signIns = 0;
  const visitors = await Promise.all(
    apps.map(async (app) => {
      const visitor = app.visitor();
      const at = await visitor.in((session) => {
        signIns += 1;
        vi.setSystemTime(START + signIns);
        return session.signIn('ann').signedInAt;
      });
      return { visitor, at };
    }),
  );
  const latest = visitors.find(({ at }) => at === START + 4);
  expect(latest && (await userOf(latest.visitor))).toBe('ann');
  expect((await apps[0]?.manager.list('ann'))?.length).toBeLessThanOrEqual(2);
});

it('signs in where the store fails before the oldest is ended, and ends it with the next sign-in', async () => {
  const driver = new WatchedDriver(new MemoryDriver({}, systemClock));
  const app = await startOn(driver, { max: 1 });
  const phone = await signIn(app);
  driver.before = ({ method }) => {
    if (method === 'destroyVersion') throw new SessionStoreError('The store fails.');
  };
  const laptop = await signIn(app);
  expect(await usersOf(phone, laptop)).toEqual(['ann', 'ann']);
  driver.before = () => undefined;
  const tablet = await signIn(app);
  expect(await usersOf(phone, laptop, tablet)).toEqual([null, null, 'ann']);
});

@Catch(SessionLimitError)
class DevicesFilter implements ExceptionFilter<SessionLimitError> {
  catch({ max }: SessionLimitError, host: ArgumentsHost): void {
    const user = Session.flash('status', `You have ${max} devices.`).userId;
    const response = host
      .switchToHttp()
      .getResponse<{ status(code: number): { send(body: object): void } }>();
    response.status(403).send({ user });
  }
}

@Controller()
class SignInController {
  @Get('facade')
  facade() {
    Session.signIn('ann');
    return {};
  }

  @Get('default')
  byDefault(@Session() session: Session) {
    session.signIn('ann');
    return {};
  }

  @Get('filtered')
  @UseFilters(DevicesFilter)
  filtered(@Session() session: Session) {
    session.signIn('ann');
    return {};
  }
}

@Module({ controllers: [SignInController] })
class SignInModule {}

describe.each(PLATFORMS)('A sign-in that is refused, on %s', (platform) => {
  const start = async (): Promise<HandlerApp> => {
    const options = { sessionsPerUser: { max: 1, when: 'refuse' } } as const;
    const app = await HandlerApp.start(platform, { options, imports: [SignInModule] });
    onTestFinished(() => app[Symbol.asyncDispose]());
    await signIn(app);
    return app;
  };

  it.each(['/facade', '/default'])('is answered with 409, whoever commits: %s', async (path) => {
    const app = await start();
    const response = await app.visitor().agent.get(path);
    expect(response.status).toBe(409);
    expect(response.body).toEqual({ statusCode: 409, message: 'Conflict' });
    expect(response.headers['set-cookie']).toBeUndefined();
    expect(await app.manager.list('ann')).toHaveLength(1);
  });

  it('can be answered by a filter, which may flash a message', async () => {
    const app = await start();
    const laptop = app.visitor();
    await laptop.in((session) => session.put('cart', ['mug']));
    const response = await laptop.agent.get('/filtered');
    expect([response.status, response.body]).toEqual([403, { user: null }]);
    expect(await laptop.in((session) => session.all())).toEqual({
      cart: ['mug'],
      status: 'You have 1 devices.',
    });
  });
});

it.each<[string, Partial<SessionModuleOptions>]>([
  ['stealth', {}],
  ['memcached', {}],
  ['own', { drivers: { own: { useFactory: () => new CountingDriver() } } }],
])('%s cannot count a user’s sessions, and does not boot', async (driver, options) => {
  const starting = HandlerApp.start('express', {
    options: { driver, ...options, sessionsPerUser: { max: 3 } },
  });
  await expect(starting).rejects.toThrow(SessionConfigError);
  await expect(starting).rejects.toThrow(new RegExp(`sessionsPerUser.*"${driver}" cannot`));
});

it.each([[{}], [{ max: 0 }], [{ max: 1.5 }], [{ max: 1, when: 'never' }], [{ max: 1, wen: 'refuse' }], [3]])(
  'stops the boot where the option is %j',
  async (sessionsPerUser) => {
    const options = { sessionsPerUser: sessionsPerUser as Limit };
    await expect(HandlerApp.start('express', { options })).rejects.toThrow(/sessionsPerUser/);
  },
);
