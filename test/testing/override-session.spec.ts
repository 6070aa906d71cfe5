import { randomBytes } from 'node:crypto';
import { Controller, Get, type INestApplication, Module } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import request from 'supertest';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  RequestSession,
  SESSION_OPTIONS,
  Session,
  SessionConfigError,
  SessionDriver,
  SessionManager,
  SessionModule,
  type SessionCookieOptions,
  type SessionModuleOptions,
} from 'nestjs-session-kit';
import { overrideSession, sessionsOf } from 'nestjs-session-kit/testing';
import { systemClock } from '../../lib/drivers/clock.js';
import { MemoryDriver } from '../../lib/drivers/memory/memory.driver.js';
import { CustomDriver } from '../conformance/custom-driver.js';

@Controller()
class CountController {
  @Get('count')
  count(@Session() session: RequestSession) {
    return { count: session.increment('count'), user: session.userId };
  }
}

/** An application whose module is configured for production. */
function applicationWith(options: Partial<SessionModuleOptions>) {
  @Module({
    imports: [
      SessionModule.forRootAsync({
        useFactory: () => ({
          secret: process.env['SECRET_OF_NO_TEST'] ?? '',
          driver: 'redis',
          redis: { url: 'redis://127.0.0.1:1' },
          userKey: 'account',
          ...options,
        }),
      }),
    ],
    controllers: [CountController],
  })
  class AppModule {}
  return Test.createTestingModule({ imports: [AppModule] });
}

const running: INestApplication[] = [];

/** The booted application of a testing module, closed after its test. */
async function booted(builder: TestingModuleBuilder): Promise<INestApplication> {
  const app = (await builder.compile()).createNestApplication({ logger: false });
  running.push(app);
  return app.init();
}

afterEach(async () => {
  for (const app of running.splice(0)) await app.close();
});

describe('overrideSession', () => {
  it('runs an application in memory with a secret of its own, and keeps its other options', async () => {
    const app = await booted(overrideSession(applicationWith({})));
    expect(app.get(SessionManager).driver()).toBeInstanceOf(MemoryDriver);
    const visitor = await sessionsOf(app).sign(request.agent(app.getHttpServer()), { account: 'ada' });
    await visitor.get('/count').expect(200, { count: 1, user: 'ada' });
    await visitor.get('/count').expect(200, { count: 2, user: 'ada' });
  });

  it('opens no driver of the application that the test does not use, and closes those that Nest made', async () => {
    const made: string[] = [];
    @SessionDriver('marked')
    class Marked extends CustomDriver {
      constructor() {
        super(systemClock);
      }
      async open(): Promise<void> {
        made.push('opened');
      }
      async close(): Promise<void> {
        made.push('closed');
      }
    }
    const drivers = {
      own: {
        useFactory: () => {
          made.push('own');
          return new CustomDriver(systemClock);
        },
      },
    };
    @Module({
      imports: [SessionModule.forRoot({ secret: randomBytes(32).toString('hex'), driver: 'own', drivers })],
      providers: [Marked],
    })
    class AppModule {}
    const app = await booted(overrideSession(Test.createTestingModule({ imports: [AppModule] })));
    expect(made).toEqual([]);
    const own = app.get(SessionManager).driver('own');
    expect('read' in own && (await own.read('id'))).toBeNull();
    expect(made).toEqual(['own']);
    expect(app.get(SessionManager).driver('marked')).toBe(app.get(Marked));
    await app.close();
    expect(made).toEqual(['own', 'closed']);
  });

  it('leaves the sessions of an application alone whose test replaces the SessionManager by a mock', async () => {
    const list = async (): Promise<string[]> => ['phone'];
    const builder = overrideSession(applicationWith({})).overrideProvider(SessionManager).useValue({ list });
    const app = await booted(builder);
    const visitor = await sessionsOf(app).sign(request.agent(app.getHttpServer()), { account: 'ada' });
    const response = await visitor.get('/count').expect(200, { count: 1, user: 'ada' });
    expect((await sessionsOf(app).of(response)).values).toEqual({ account: 'ada', count: 1 });
    expect(await app.get(SessionManager).list('ada')).toEqual(['phone']);
  });

  it('accepts a subclass of SessionManager in its place', async () => {
    class AuditedManager extends SessionManager {
      override async endAll(userId: string): Promise<number> {
        return (await super.endAll(userId)) + 100;
      }
    }
    const builder = overrideSession(applicationWith({})).overrideProvider(SessionManager);
    const app = await booted(builder.useClass(AuditedManager));
    await sessionsOf(app).cookie({ account: 'ada' });
    expect(await app.get(SessionManager).endAll('ada')).toBe(101);
  });

  it('accepts a substitute for a driver that the test does not use, whatever it has', async () => {
    @SessionDriver('marked')
    class Marked {}
    @Module({
      imports: [SessionModule.forRoot({ secret: randomBytes(32).toString('hex'), driver: 'marked' })],
      providers: [Marked],
    })
    class AppModule {}
    const builder = Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(Marked)
      .useValue({});
    const app = await booted(overrideSession(builder));
    expect(app.get(SessionManager).driver()).toBeInstanceOf(MemoryDriver);
  });

  it.each<SessionCookieOptions>([
    { name: '__Host-shop' },
    { name: '__Secure-shop', secure: true, sameSite: 'none', partitioned: true },
    { name: 'shop', domain: 'shop.example' },
    { name: '__Host-shop', formerly: [{ name: 'shop' }] },
    { name: 'shop', domain: 'shop.example', formerly: [{ name: 'shop' }, { path: '/old' }] },
  ])('replaces %o with a cookie that works over plain http', async (cookie) => {
    const app = await booted(overrideSession(applicationWith({ cookie })));
    const visitor = request.agent(app.getHttpServer());
    const seen = await sessionsOf(app).of(await visitor.get('/count').expect(200));
    expect(seen.cookie).toMatchObject({ name: 'shop', secure: false });
    await visitor.get('/count').expect(200, { count: 2, user: null });
  });

  it.each<SessionCookieOptions>([
    { name: ({ hostname }) => `__Host-${hostname}` },
    { name: ({ hostname }) => `__Secure-${hostname}`, domain: ({ hostname }) => hostname },
    { name: ({ hostname }) => `__Host-Http-${hostname}` },
  ])('keeps the cookies of tenants apart, over plain http too: %o', async (cookie) => {
    const app = await booted(overrideSession(applicationWith({ cookie: { secure: true, ...cookie } })));
    const visitor = request.agent(app.getHttpServer());
    const atShop = { host: 'shop.example' };
    const seen = await sessionsOf(app).of(await visitor.get('/count').set(atShop).expect(200));
    expect(seen.cookie).toMatchObject({ name: 'shop.example', secure: false });
  });

  it('leaves a name that is no text, from the function of a tenant, to its check', async () => {
    const cookie = { name: () => 5 as never };
    const app = await booted(overrideSession(applicationWith({ cookie })));
    await request(app.getHttpServer()).get('/count').expect(500);
  });

  it('says what it accepts when it is given a compiled module, or options that are none', async () => {
    const builder = Test.createTestingModule({});
    const compiled = await builder.compile();
    for (const given of [[compiled], [undefined], [builder, null], [builder, 'stealth']]) {
      const call = (): unknown => Reflect.apply(overrideSession, undefined, given);
      expect(call).toThrow(SessionConfigError);
      expect(call).toThrow(/it takes what Test\.createTestingModule\(\) returned, not compiled yet/);
    }
  });

  it('accepts options that win over both', async () => {
    const builder = overrideSession(applicationWith({ age: '1h' }), {
      driver: 'stealth',
      userKey: 'who',
      cookie: { secure: true },
    });
    const app = await booted(builder);
    const { cookie, duration } = await sessionsOf(app).of(await request(app.getHttpServer()).get('/count'));
    expect([cookie?.name, cookie?.secure, duration]).toEqual(['__Host-session', true, 3_600_000]);
  });

  it('keeps options that are getters of a class', async () => {
    class Cookie {
      get name() {
        return '__Host-shop';
      }
      get httpOnly() {
        return false;
      }
    }
    class Options {
      [driver: string]: unknown;
      secret = '';
      get userKey() {
        return 'account';
      }
      get cookie() {
        return new Cookie();
      }
    }
    class Replaced {
      [driver: string]: unknown;
      get age() {
        return '1h';
      }
    }
    @Module({
      imports: [SessionModule.forRootAsync({ useFactory: () => new Options() })],
      controllers: [CountController],
    })
    class AppModule {}
    const builder = Test.createTestingModule({ imports: [AppModule] });
    const app = await booted(overrideSession(builder, new Replaced()));
    const visitor = await sessionsOf(app).sign(request.agent(app.getHttpServer()), { account: 'ada' });
    await visitor.get('/count').expect(200, { count: 1, user: 'ada' });
    const { cookie, duration } = await sessionsOf(app).of(await request(app.getHttpServer()).get('/count'));
    expect(cookie).toMatchObject({ name: 'shop', httpOnly: false, secure: false });
    expect(duration).toBe(3_600_000);
  });

  it('is not needed if the test provides all options, when the factory cannot run in a test', async () => {
    const useFactory = vi.fn<() => SessionModuleOptions>();
    @Module({ imports: [SessionModule.forRootAsync({ useFactory })], controllers: [CountController] })
    class AppModule {}
    const options = { secret: randomBytes(32).toString('hex'), driver: 'memory' };
    const builder = Test.createTestingModule({ imports: [AppModule] });
    const app = await booted(builder.overrideProvider(SESSION_OPTIONS).useValue(options));
    await request(app.getHttpServer()).get('/count').expect(200);
    expect(useFactory).not.toHaveBeenCalled();
  });
});

describe('SessionModule.forTest', () => {
  afterEach(() => vi.unstubAllEnvs());

  const appWith = (options?: Partial<SessionModuleOptions>) => {
    const imports = [SessionModule.forTest(options)];
    return booted(Test.createTestingModule({ imports, controllers: [CountController] }));
  };

  it('needs no options, whatever the environment', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const app = await appWith();
    const visitor = request.agent(app.getHttpServer());
    await visitor.get('/count').expect(200, { count: 1, user: null });
    await visitor.get('/count').expect(200, { count: 2, user: null });
  });

  it.each([[null], ['stealth']])('refuses %j as its options, and says what it takes', (given) => {
    const call = (): unknown => Reflect.apply(SessionModule.forTest.bind(SessionModule), undefined, [given]);
    expect(call).toThrow(/SessionModule\.forTest got .* it takes an object of options, or nothing/);
  });

  it('has a new secret each time: a cookie of one application is invalid in another', async () => {
    const one = await appWith({ driver: 'stealth' });
    const other = await appWith({ driver: 'stealth' });
    const cookie = await sessionsOf(one).cookie({ count: 5 });
    await request(one.getHttpServer()).get('/count').set({ cookie }).expect(200, { count: 6, user: null });
    await request(other.getHttpServer()).get('/count').set({ cookie }).expect(200, { count: 1, user: null });
  });

  it('accepts options that win over its defaults', async () => {
    const app = await appWith({ age: '5m', cookie: { name: 'shop', path: '/count' } });
    const { cookie } = await sessionsOf(app).of(await request(app.getHttpServer()).get('/count'));
    expect(cookie).toMatchObject({ name: 'shop', path: '/count', maxAge: 300, secure: false });
  });
});
