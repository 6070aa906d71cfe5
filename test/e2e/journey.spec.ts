import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:http';
import {
  Body,
  type CanActivate,
  Controller,
  Get,
  Logger,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  Post,
  Session as NestSession,
  UseGuards,
} from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NoSessionError, Session, SessionMiddleware, SessionModule } from 'nestjs-session-kit';
import { CountingDriver } from '../support/counting-driver.js';
import { PLATFORMS, SECRET, TestApp, type TestAppSetup, setCookies } from '../support/test-app.js';

class FacadeGuard implements CanActivate {
  canActivate(): boolean {
    Session.now('guard', 'was here');
    return true;
  }
}

@Controller()
class JourneyController {
  @Get('none')
  none() {
    return { ok: true };
  }

  @Get('read')
  read(@Session() session: Session) {
    return { count: session.get('count', 0), initiated: session.initiated, id: session.id };
  }

  @Get('write')
  write(@Session() session: Session) {
    return { count: session.increment('count') };
  }

  @Post('body')
  @UseGuards(FacadeGuard)
  body(@Body() body: { name: string }) {
    Session.put('name', body.name);
    return { name: Session.get('name'), guard: Session.get('guard') };
  }

  @Get('nest')
  nest(@NestSession() session: Session) {
    return { same: session.id === Session.current().id };
  }

  @Get('destroy')
  async destroy(@Session() session: Session) {
    await session.destroy();
    return { empty: session.isEmpty };
  }

  @Get('permanent')
  permanent(@Session() session: Session) {
    session.permanent({ remembered: true });
    return { duration: session.duration };
  }

  @Get('regenerate')
  regenerate(@Session() session: Session) {
    const before = session.id;
    session.regenerate();
    return { changed: session.id !== before };
  }

  @Get('invalidate')
  invalidate(@Session() session: Session) {
    session.invalidate().put('after', true);
    return { duration: session.duration, createdAt: session.createdAt };
  }

  @Get('excluded')
  excluded() {
    try {
      return { current: typeof Session.current() };
    } catch (error) {
      return { error: error instanceof NoSessionError };
    }
  }
}

@Module({})
class LookingModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply(
        (
          req: { session?: Session },
          res: { setHeader(name: string, value: string): void },
          next: () => void,
        ) => {
          res.setHeader('x-in-middleware', String(req.session?.id === Session.current().id));
          next();
        },
      )
      .forRoutes('{*path}');
  }
}

const withDriver = (driver: CountingDriver, options: TestAppSetup['options'] = {}): TestAppSetup => ({
  controllers: [JourneyController],
  options: { driver: 'counting', drivers: { counting: { useFactory: () => driver } }, ...options },
});

describe.each(PLATFORMS)('the journey of a request on %s', (platform) => {
  it('costs no store call without a cookie, one to read, two to write', async () => {
    const driver = new CountingDriver();
    await using app = await TestApp.start(platform, withDriver(driver));
    const visitor = app.visitor();
    await visitor.get('/none').expect(200);
    await visitor.get('/read').expect(200);
    expect(driver.take()).toEqual([]);
    await visitor.get('/write').expect(200, { count: 1 });
    expect(driver.take()).toEqual(['write']);
    await visitor.get('/read').expect(200);
    expect(driver.take()).toEqual(['read']);
    await visitor.get('/write').expect(200, { count: 2 });
    expect(driver.take()).toEqual(['read', 'write']);
  });

  it('gives the decorator, the facade, request.session, guards and middleware of other modules the same session', async () => {
    await using app = await TestApp.start(platform, {
      controllers: [JourneyController],
      imports: [LookingModule],
    });
    const answer = await app.request.get('/nest').expect(200, { same: true });
    expect(answer.headers['x-in-middleware']).toBe('true');
    const posted = await app.request.post('/body').send({ name: 'Ada' });
    expect(posted.body).toEqual({ name: 'Ada', guard: 'was here' });
    await app.request.get('/nowhere').expect(404).expect('x-in-middleware', 'true');
  });

  it('keeps the context for a body that arrives late', async () => {
    await using app = await TestApp.start(platform, { controllers: [JourneyController] });
    const body = JSON.stringify({ name: 'late' });
    const outgoing = request(`${app.url}/body`, {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json', 'content-length': body.length },
    });
    outgoing.flushHeaders();
    // The head is sent alone, and handled, before the first byte of the body follows.
    await once(outgoing, 'socket');
    outgoing.write(body.slice(0, 3));
    await new Promise((resolve) => {
      setTimeout(resolve, 30);
    });
    outgoing.end(body.slice(3));
    const [incoming]: [import('node:http').IncomingMessage] = (await once(outgoing, 'response')) as [
      import('node:http').IncomingMessage,
    ];
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    expect(JSON.parse(Buffer.concat(chunks).toString())).toEqual({ name: 'late', guard: 'was here' });
    expect(setCookies(incoming)).toHaveLength(1);
  });

  it('opens the session once if main.ts mounts the middleware first', async () => {
    const driver = new CountingDriver();
    const seen: unknown[] = [];
    await using app = await TestApp.start(platform, {
      ...withDriver(driver),
      imports: [LookingModule],
      configure: (nest) => {
        const sessions = nest.get(SessionMiddleware);
        nest.use(sessions.use.bind(sessions));
        nest.use((_req: unknown, _res: unknown, next: () => void) => {
          seen.push(Session.get('count'));
          next();
        });
      },
    });
    const visitor = app.visitor();
    await visitor.get('/write').expect(200, { count: 1 });
    driver.take();
    await visitor.get('/write').expect(200, { count: 2 });
    expect(driver.take()).toEqual(['read', 'write']);
    expect(seen).toEqual([undefined, 1]);
    expect((await app.request.post('/body').send({ name: 'Ada' })).body).toEqual({
      name: 'Ada',
      guard: 'was here',
    });
  });

  it('opens no session on excluded routes, even with a global prefix', async () => {
    const driver = new CountingDriver();
    await using app = await TestApp.start(platform, {
      ...withDriver(driver, { exclude: ['/excluded', { path: '/assets/{*path}', method: 'GET' }] }),
      configure: (nest) => {
        nest.setGlobalPrefix('api');
      },
    });
    const visitor = app.visitor();
    await visitor.get('/api/write').expect(200);
    driver.take();
    await visitor.get('/api/excluded?x=1').expect(200, { error: true });
    await visitor.get('/assets/a/b.css').expect(404);
    expect(driver.take()).toEqual([]);
  });

  it('expires the cookie with the attributes it was set with when the session is destroyed', async () => {
    const driver = new CountingDriver();
    const cookie = { name: 'sid', path: '/', domain: '127.0.0.1', sameSite: 'strict' as const };
    await using app = await TestApp.start(platform, withDriver(driver, { cookie }));
    const set = setCookies(await app.request.get('/write'));
    const [value = ''] = set[0]?.split(';') ?? [];
    driver.take();
    const gone = await app.request.get('/destroy').set('Cookie', value).expect(200, { empty: true });
    expect(setCookies(gone)).toEqual([
      'sid=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Domain=127.0.0.1; Path=/; HttpOnly; SameSite=Strict',
    ]);
    expect(set[0]).toMatch(/; Domain=127.0.0.1; Path=\/; HttpOnly; SameSite=Strict$/);
    const again = await app.request.get('/read').set('Cookie', value);
    expect(again.body).toMatchObject({ count: 0 });
    expect(setCookies(again)).toEqual([]);
  });

  it('moves the data to a new id on regenerate, and the old id finds nothing', async () => {
    await using app = await TestApp.start(platform, { controllers: [JourneyController] });
    const [old = ''] = setCookies(await app.request.get('/write'))[0]?.split(';') ?? [];
    const moved = await app.request.get('/regenerate').set('Cookie', old).expect(200, { changed: true });
    const [fresh = ''] = setCookies(moved)[0]?.split(';') ?? [];
    expect(fresh).not.toBe(old);
    expect((await app.request.get('/read').set('Cookie', fresh)).body).toMatchObject({ count: 1 });
    expect((await app.request.get('/read').set('Cookie', old)).body).toMatchObject({ count: 0 });
  });

  describe('with a stopped clock', () => {
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
    });

    afterEach(() => {
      vi.useRealTimers();
    });

    const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

    it('renews record and cookie once the lifetime has shrunk by touchEvery, and not before', async () => {
      const driver = new CountingDriver();
      await using app = await TestApp.start(platform, withDriver(driver));
      const [cookie = ''] = setCookies(await app.request.get('/write'))[0]?.split(';') ?? [];
      const read = () => app.request.get('/read').set('Cookie', cookie);
      const write = () => app.request.get('/write').set('Cookie', cookie);
      pass(59_999);
      driver.take();
      expect(setCookies(await read())).toEqual([]);
      expect(setCookies(await write())).toEqual([]);
      expect(driver.take()).toEqual(['read', 'read', 'write']);
      pass(1);
      const renewed = setCookies(await read());
      expect(renewed).toHaveLength(1);
      expect(renewed[0]).toContain('Max-Age=7200');
      // The third call makes sure that the touched record is still a session, not the redirect that a sign-in leaves.
      expect(driver.take()).toEqual(['read', 'touch', 'read']);
      expect(setCookies(await read())).toEqual([]);
      pass(60_000);
      expect(setCookies(await write())[0]).toContain('Max-Age=7200');
      pass(7_200_000 - 1);
      expect((await read()).body).toMatchObject({ count: 3 });
      pass(7_200_000);
      expect((await read()).body).toMatchObject({ count: 0 });
    });

    it('does not renew on reading visits if automaticTouch is off', async () => {
      await using app = await TestApp.start(platform, {
        controllers: [JourneyController],
        options: { automaticTouch: false },
      });
      const [cookie = ''] = setCookies(await app.request.get('/write'))[0]?.split(';') ?? [];
      pass(3_600_000);
      expect(setCookies(await app.request.get('/read').set('Cookie', cookie))).toEqual([]);
      pass(3_600_000);
      expect((await app.request.get('/read').set('Cookie', cookie)).body).toMatchObject({ count: 0 });
    });

    it('renews lifetimes that are shorter than touchEvery too', async () => {
      await using app = await TestApp.start(platform, {
        controllers: [JourneyController],
        options: { age: '20s' },
      });
      const [cookie = ''] = setCookies(await app.request.get('/write'))[0]?.split(';') ?? [];
      for (let visit = 0; visit < 5; visit += 1) {
        pass(10_000);
        expect((await app.request.get('/read').set('Cookie', cookie)).body).toMatchObject({ count: 1 });
      }
    });

    it('resets a lifetime of its own, and the creation time, on invalidate', async () => {
      for (const driver of ['memory', 'stealth']) {
        await using app = await TestApp.start(platform, {
          controllers: [JourneyController],
          options: { driver },
        });
        const [cookie = ''] = setCookies(await app.request.get('/permanent'))[0]?.split(';') ?? [];
        pass(86_400_000);
        const answer = await app.request.get('/invalidate').set('Cookie', cookie);
        expect(answer.body).toEqual({ duration: 7_200_000, createdAt: Date.now() });
        expect(setCookies(answer)[0]).toContain('Max-Age=7200');
      }
    });

    it('lets the cookie end with the browser, unless the session has a lifetime of its own', async () => {
      await using app = await TestApp.start(platform, {
        controllers: [JourneyController],
        options: { clearWithBrowser: true },
      });
      const [set = ''] = setCookies(await app.request.get('/write'));
      expect(set).not.toMatch(/max-age|expires/i);
      const [cookie = ''] = set.split(';');
      pass(3_600_000);
      expect(setCookies(await app.request.get('/read').set('Cookie', cookie))).toEqual([]);
      pass(3_600_000);
      expect((await app.request.get('/read').set('Cookie', cookie)).body).toMatchObject({ count: 1 });
      const ten = await app.request.get('/permanent').set('Cookie', cookie);
      expect(setCookies(ten)[0]).toContain('Max-Age=315360000');
      pass(9 * 365 * 86_400_000);
      expect((await app.request.get('/read').set('Cookie', cookie)).body).toMatchObject({ count: 1 });
    });
  });

  it('warns once when a Secure cookie is sent on a plain request, and never behind a proxy that says https', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    try {
      await using app = await TestApp.start(platform, {
        controllers: [JourneyController],
        options: { cookie: { secure: true } },
      });
      const proxied = await app.request.get('/write').set('X-Forwarded-Proto', 'https');
      expect(setCookies(proxied)[0]).toContain('Secure');
      expect(warn.mock.calls.flat().filter((line) => /Secure/.test(String(line)))).toEqual([]);
      await app.request.get('/write');
      await app.request.get('/write');
      expect(warn.mock.calls.flat().filter((line) => /Secure/.test(String(line)))).toHaveLength(1);
    } finally {
      warn.mockRestore();
    }
  });
});

describe('Fastify without a socket of HTTP/1', () => {
  const start = async (adapter: FastifyAdapter): Promise<NestFastifyApplication> => {
    const testing = await Test.createTestingModule({
      imports: [SessionModule.forRoot({ secret: SECRET, driver: 'memory' })],
      controllers: [JourneyController],
    }).compile();
    return testing.createNestApplication<NestFastifyApplication>(adapter, { logger: false });
  };

  it('serves inject()', async () => {
    const app = await start(new FastifyAdapter());
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    try {
      const first = await app.inject({ url: '/write' });
      const [cookie = ''] = setCookies(first)[0]?.split(';') ?? [];
      const second = await app.inject({ url: '/write', headers: { cookie } });
      expect(second.json()).toEqual({ count: 2 });
    } finally {
      await app.close();
    }
  });

  it('serves HTTP/2', async () => {
    // The adapter's options name HTTP/1 only; Fastify itself takes this one.
    const app = await start(new FastifyAdapter({ http2: true } as object));
    await app.listen(0, '127.0.0.1');
    const client = connectHttp2((await app.getUrl()).replace('[::1]', '127.0.0.1'));
    try {
      const get = async (path: string, cookie?: string) => {
        const stream = client.request({ ':path': path, ...(cookie === undefined ? {} : { cookie }) });
        const [headers] = await once(stream, 'response');
        let body = '';
        stream.setEncoding('utf8');
        for await (const chunk of stream) body += String(chunk);
        return { headers: headers as Record<string, unknown>, body: JSON.parse(body) };
      };
      const first = await get('/write');
      expect(first.body).toEqual({ count: 1 });
      const [cookie = ''] = setCookies(first)[0]?.split(';') ?? [];
      expect((await get('/write', cookie)).body).toEqual({ count: 2 });
    } finally {
      client.close();
      await app.close();
    }
  });
});
