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
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { Deferred } from '../parallel/support/deferred.js';
import { WatchedDriver } from '../parallel/support/watched-driver.js';
import { CountingDriver } from '../support/counting-driver.js';
import { HandlerApp, type Visitor } from '../support/handler-app.js';
import {
  type Limit,
  type Ways,
  clockAt,
  describeSessionLimit,
  sharedStore,
  signIn,
  START,
  startOn,
  userOf,
  usersOf,
} from '../support/session-limit.js';
import { PLATFORMS } from '../support/test-app.js';

async function inMemory(): Promise<Ways> {
  const driver = new MemoryDriver({}, systemClock);
  return () => Promise.resolve(driver);
}

describeSessionLimit('memory', inMemory);
describeSessionLimit('file', () => sharedStore('file'));

it('A sign-in that another process has overtaken is undone before its old id is given up', async () => {
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

it('Of simultaneous sign-ins in several processes, the latest stays', async () => {
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

it('A sign-in succeeds if the store fails to end the oldest session, which the next sign-in ends', async () => {
  const driver = new WatchedDriver(new MemoryDriver({}, systemClock));
  const app = await startOn(driver, { max: 1 });
  const phone = await signIn(app);
  driver.before = ({ method }) => {
    if (method.startsWith('destroy')) throw new SessionStoreError('The store fails.');
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

  it.each(['/facade', '/default'])('is answered with 409, by facade and by parameter: %s', async (path) => {
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
])(
  '%s cannot count a user’s sessions, so the option sessionsPerUser stops the boot',
  async (driver, options) => {
    const starting = HandlerApp.start('express', {
      options: { driver, ...options, sessionsPerUser: { max: 3 } },
    });
    await expect(starting).rejects.toThrow(SessionConfigError);
    await expect(starting).rejects.toThrow(new RegExp(`sessionsPerUser.*"${driver}" cannot`));
  },
);

it.each([[{}], [{ max: 0 }], [{ max: 1.5 }], [{ max: 1, when: 'never' }], [{ max: 1, wen: 'refuse' }], [3]])(
  'the option sessionsPerUser stops the boot if it is %j',
  async (sessionsPerUser) => {
    const options = { sessionsPerUser: sessionsPerUser as Limit };
    await expect(HandlerApp.start('express', { options })).rejects.toThrow(/sessionsPerUser/);
  },
);
