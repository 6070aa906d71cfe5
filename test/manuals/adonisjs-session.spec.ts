// The manual of AdonisJS's session package, from top to bottom, in this package's terms.
import {
  type ArgumentsHost,
  Body,
  Catch,
  Controller,
  Get,
  Injectable,
  Module,
  Post,
  Redirect,
  Render,
} from '@nestjs/common';
import type { MiddlewareConsumer, NestModule, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import ejs from 'ejs';
import { Redis } from 'ioredis';
import superjson from 'superjson';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type RecordDriver,
  RequestSession,
  Session,
  SessionConfigError,
  SessionDriver,
  SessionManager,
  SessionModule,
  type SessionRecord,
  SessionReadonlyError,
  SessionValueError,
} from 'nestjs-session-kit';
import { systemClock } from '../../lib/drivers/clock.js';
import { CustomDriver } from '../conformance/custom-driver.js';
import { describeWith, startRedis, type TestServer } from '../servers/index.js';
import { answer, connect, startGateways } from '../sockets/gateway-app.js';
import { type Handler, HandlerApp, type HandlerAppSetup } from '../support/handler-app.js';
import { TempFolder } from '../support/temp-folder.js';
import { PLATFORMS, SECRET, type TestApplication } from '../support/test-app.js';

const HOUR = 3_600_000;

/** A value that must not be readable in a cookie. */
const CONFIDENTIAL = 'diagnosis-4711';

/** A connection owned by the application. */
class RedisClient implements AsyncDisposable {
  readonly redis: Redis;

  constructor(host: string, port: number, db: number) {
    this.redis = new Redis({ host, port, db });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.redis.quit();
  }
}

@Controller()
class SeeMessageController {
  @Get('say')
  @Redirect('/see-message')
  say(@Session() session: Session) {
    session.flash('message', 'Hello world');
  }

  @Get('see-message')
  see(@Session() session: Session) {
    return { message: session.flashMessages.get('message', null) };
  }
}

@Controller()
class LoginController {
  @Get('login')
  form(@Session() session: Session) {
    return { errors: session.flashMessages.get('errors', null), email: session.old('email', '') };
  }

  @Post('login')
  @Redirect('/dashboard')
  login(@Session() session: Session, @Body() body: { email: string; password: string }) {
    if (body.password !== 'right') {
      session.flash('errors', { password: 'Wrong password' }).flashAll();
      return { url: '/login' };
    }
    session.regenerate().put('userId', body.email).flash('status', 'Welcome');
    return {};
  }

  @Get('dashboard')
  dashboard(@Session() session: Session) {
    return { user: session.get('userId', null), status: session.flashMessages.get('status', null) };
  }
}

function isExpress(app: TestApplication): app is NestExpressApplication {
  return app.getHttpAdapter().getType() === 'express';
}

describe.each(PLATFORMS)("the manual of AdonisJS's sessions on %s", (platform) => {
  let app: HandlerApp;
  const start = (setup: HandlerAppSetup) => HandlerApp.start(platform, setup);

  beforeAll(async () => {
    app = await start({ controllers: [SeeMessageController, LoginController] });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  });

  /** An application with one page, `/page`, whose template gets no data. */
  async function startWithPage(template: string): Promise<HandlerApp> {
    const folder = await TempFolder.make({ 'page.ejs': template });

    @Controller()
    class PageController implements OnApplicationShutdown {
      @Get('page')
      @Render('page.ejs')
      page() {
        return {};
      }

      onApplicationShutdown() {
        return folder[Symbol.asyncDispose]();
      }
    }

    return start({
      controllers: [PageController],
      configure(nest) {
        if (isExpress(nest)) nest.setBaseViewsDir(folder.path).setViewEngine('ejs');
        else nest.setViewEngine({ engine: { ejs }, templates: folder.path });
      },
    });
  }

  /** What a visitor's second handler returns after a first one has run. */
  async function thenSee<T>(first: Handler<unknown>, second: Handler<T>): Promise<T> {
    const visitor = app.visitor();
    await visitor.in(first);
    return visitor.in(second);
  }

  describe('setting up', () => {
    it('works with a secret as the only option', async () => {
      await using plain = await start({ session: SessionModule.forRoot({ secret: SECRET }) });
      const visitor = plain.visitor();
      await visitor.in((session) => session.put('cart_total', 1900));
      expect(await visitor.in((session) => session.get('cart_total'))).toBe(1900);
    });

    // That `nest add nestjs-session-kit` does it is tested in test/package/nest-add.spec.ts.

    it('can take the driver from the environment through ConfigService', async () => {
      vi.stubEnv('SESSION_DRIVER', 'memory');
      await using configured = await start({
        session: SessionModule.forRootAsync({
          imports: [ConfigModule.forRoot({ ignoreEnvFile: true })],
          inject: [ConfigService],
          useFactory: (config: ConfigService) => ({
            secret: SECRET,
            driver: config.getOrThrow('SESSION_DRIVER'),
          }),
        }),
      });
      const id = await configured.visitor().in((session) => session.put('a', 1).id);
      expect(await configured.manager.read(id)).toMatchObject({ values: { a: 1 } });
    });

    it('fails to start with an unknown driver, and lists the known ones', async () => {
      const starting = start({ options: { driver: 'cooky' } });
      await expect(starting).rejects.toThrow(SessionConfigError);
      await expect(starting).rejects.toThrow(/cooky.*memory, file, database, redis, memcached, stealth/);
    });
  });

  describe('configuration', () => {
    it('stores sessions with the driver of the option driver', async () => {
      const id = await app.visitor().in((session) => session.put('a', 1).id);
      expect(await app.manager.read(id)).not.toBeNull();
      await using stealth = await start({ options: { driver: 'stealth' } });
      const other = await stealth.visitor().in((session) => session.put('a', 1).id);
      expect(await stealth.manager.read(other)).toBeNull();
    });

    it('names the cookie after the option cookie.name', async () => {
      await using named = await start({ options: { cookie: { name: 'adonis-session' } } });
      const { cookies } = await named.visitor().handle((session) => session.put('a', 1));
      expect(cookies).toEqual([expect.stringMatching(/^adonis-session=/)]);
    });

    it('makes a browser-session cookie with clearWithBrowser, and one with a Max-Age otherwise', async () => {
      await using cleared = await start({ options: { clearWithBrowser: true } });
      const [temporary] = (await cleared.visitor().handle((session) => session.put('a', 1))).cookies;
      expect(temporary).not.toMatch(/max-age|expires/i);
      const [lasting] = (await app.visitor().handle((session) => session.put('a', 1))).cookies;
      expect(lasting).toContain('Max-Age=7200');
    });

    it('expires a session at its age, and not a millisecond earlier', async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      const began = Date.now();
      const id = await app.visitor().in((session) => session.put('a', 1).id);
      vi.setSystemTime(began + 2 * HOUR - 1);
      expect(await app.manager.read(id)).not.toBeNull();
      vi.setSystemTime(began + 2 * HOUR);
      expect(await app.manager.read(id)).toBeNull();
    });
  });

  describe('the driver that keeps sessions in the cookie (stealth)', () => {
    it('reveals no values to anybody who reads the cookie', async () => {
      await using stealth = await start({ options: { driver: 'stealth' } });
      const { asHeaders } = await stealth.visitor().handle((session) => session.put('note', CONFIDENTIAL));
      const token = asHeaders.cookie;
      expect(token).not.toContain(CONFIDENTIAL);
      for (const part of token.split(/[.=]/)) {
        expect(Buffer.from(part, 'base64url').toString('latin1')).not.toContain(CONFIDENTIAL);
      }
    });

    it('needs nothing on the server: a visitor can switch between instances', async () => {
      await using first = await start({ options: { driver: 'stealth' } });
      await using second = await start({ options: { driver: 'stealth' } });
      const { asHeaders: headers } = await first.visitor().handle((session) => session.put('cart', ['tea']));
      expect(await second.visitor().in((session) => session.get('cart'), { headers })).toEqual(['tea']);
    });

    it.each(['stealth', 'memory'])('applies the option cookie to the cookie of %s', async (driver) => {
      const cookie = { path: '/run', httpOnly: true, sameSite: false } as const;
      await using tuned = await start({ options: { driver, cookie } });
      const { cookies } = await tuned.visitor().handle((session) => session.put('a', 1));
      expect(cookies).toHaveLength(1);
      expect(cookies[0]).toContain('; Path=/run');
      expect(cookies[0]).toContain('; HttpOnly');
      expect(cookies[0]).not.toContain('SameSite');
    });
  });

  describe('the driver file', () => {
    it('stores sessions in the configured folder', async () => {
      await using folder = await TempFolder.make();
      await using files = await start({ options: { driver: 'file', file: { location: folder.path } } });
      const visitor = files.visitor();
      const id = await visitor.in((session) => session.put('a', 1).id);
      expect(await folder.list()).not.toEqual([]);
      expect(await visitor.in((session) => session.get('a'))).toBe(1);
      expect(await files.manager.read(id)).toMatchObject({ values: { a: 1 } });
    });

    it('finds a session only where the same folder is used', async () => {
      await using here = await TempFolder.make();
      await using elsewhere = await TempFolder.make();
      await using first = await start({ options: { driver: 'file', file: { location: here.path } } });
      await using second = await start({ options: { driver: 'file', file: { location: elsewhere.path } } });
      await using third = await start({ options: { driver: 'file', file: { location: here.path } } });
      const { asHeaders: headers } = await first.visitor().handle((session) => session.put('a', 1));
      expect(await second.visitor().in((session) => session.all(), { headers })).toEqual({});
      expect(await third.visitor().in((session) => session.all(), { headers })).toEqual({ a: 1 });
    });
  });

  describeWith(['redis'], 'the driver redis', () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startRedis();
    });
    afterAll(async () => {
      await server.stop();
    });

    // A named connection of AdonisJS's redis package becomes connection options here, or the application's own client.
    it('keeps the values on the server only, and shares them among instances', async () => {
      const options = { driver: 'redis', redis: { host: server.host, port: server.port, db: 0 } };
      await using first = await start({ options });
      await using second = await start({ options });
      const { asHeaders: headers, value: id } = await first
        .visitor()
        .handle((session) => session.put('note', CONFIDENTIAL).id);
      // Just a version, the id and its signature (HMAC-SHA256 in base64url).
      const [name, token = ''] = headers.cookie.split('=');
      expect([name, ...token.split('.')]).toEqual([
        'session',
        'v1',
        id,
        expect.stringMatching(/^[\w-]{43}$/),
      ]);
      expect(await second.visitor().in((session) => session.get('note'), { headers })).toBe(CONFIDENTIAL);
    });

    it('connects with the configured credentials and db', async () => {
      const { host, port } = server;
      await using admin = new RedisClient(host, port, 5);
      const user = { username: `shop-${platform}`, password: 'open sesame' };
      await admin.redis.call(
        'ACL',
        'SETUSER',
        user.username,
        'on',
        `>${user.password}`,
        '~session:*',
        '+@all',
      );
      await using local = await start({
        options: { driver: 'redis', redis: { host, port, db: 5, ...user } },
      });
      const visitor = local.visitor();
      const id = await visitor.in((session) => session.put('a', 1).id);
      expect(await visitor.in((session) => session.get('a'))).toBe(1);
      expect(await admin.redis.exists(`session:${id}`)).toBe(1);
      await visitor.in((session) => session.destroy());
      expect(await admin.redis.exists(`session:${id}`)).toBe(0);
    });

    it("accepts the application's existing connection, and leaves it open", async () => {
      await using local = new RedisClient(server.host, server.port, 0);
      {
        await using own = await start({ options: { driver: 'redis', redis: { client: local.redis } } });
        const visitor = own.visitor();
        const id = await visitor.in((session) => session.put('a', 1).id);
        expect(await local.redis.exists(`session:${id}`)).toBe(1);
        expect(await visitor.in((session) => session.get('a'))).toBe(1);
      }
      expect(await local.redis.ping()).toBe('PONG');
    });
  });

  describe('the session object', () => {
    it('is available in handlers, middleware and the global exception filter', async () => {
      const seen: Record<string, unknown> = {};
      @Module({})
      class WatchingModule implements NestModule {
        configure(consumer: MiddlewareConsumer) {
          const watch = (req: { session?: unknown }, _res: unknown, next: () => void) => {
            seen['middleware'] = req.session instanceof RequestSession && req.session.get('cart_total');
            next();
          };
          consumer.apply(watch).forRoutes('{*path}');
        }
      }
      @Catch()
      class WatchingFilter {
        catch(_error: unknown, host: ArgumentsHost) {
          const { session } = host.switchToHttp().getRequest<{ session?: unknown }>();
          seen['filter'] = session instanceof RequestSession && session.get('cart_total');
          seen['facade'] = Session.get('cart_total');
          const res = host
            .switchToHttp()
            .getResponse<{ status(code: number): { send(body: string): void } }>();
          res.status(418).send('sorry');
        }
      }
      await using watched = await start({
        imports: [WatchingModule],
        configure: (nest) => void nest.useGlobalFilters(new WatchingFilter()),
      });
      const visitor = watched.visitor();
      await visitor.in((session) => session.put('cart_total', 1900));
      await visitor.handle(
        (session) => {
          seen['handler'] = session.get('cart_total');
          throw new Error('on purpose');
        },
        { status: 418 },
      );
      expect(seen).toEqual({ middleware: 1900, handler: 1900, filter: 1900, facade: 1900 });
    });

    // For Handlebars and Pug see test/e2e/templates.spec.ts.
    it('is available in templates, read-only', async () => {
      const page = `<p> Cart total: <%= session.get('cart_total', 0) %> </p>
<%- JSON.stringify(session.all()) %>
<%= ['put', 'set', 'forget', 'clear', 'flash', 'regenerate', 'commit'].filter((name) => name in session).length %> ways to write`;
      await using shown = await startWithPage(page);
      const visitor = shown.visitor();
      expect((await visitor.agent.get('/page').expect(200)).text).toBe(
        '<p> Cart total: 0 </p>\n{}\n0 ways to write',
      );
      await visitor.in((session) => session.put('cart_total', 1900));
      expect((await visitor.agent.get('/page').expect(200)).text).toBe(
        '<p> Cart total: 1900 </p>\n{"cart_total":1900}\n0 ways to write',
      );
    });

    it('returns a default for missing and null values only', async () => {
      const visitor = app.visitor();
      await visitor.in((session) =>
        session.put({ cart_total: 1900, nothing: null, zero: 0, no: false, empty: '' }),
      );
      const read = await visitor.in((session) => [
        session.get('cart_total'),
        session.get('cart_total', 0),
        session.get('missing'),
        session.get('missing', 7),
        session.get('nothing', 7),
        session.get('zero', 7),
        session.get('no', true),
        session.get('empty', 'full'),
      ]);
      expect(read).toEqual([1900, 1900, undefined, 7, 7, 0, false, '']);
    });

    it('stores strings, numbers, booleans, null, objects and arrays unchanged', async () => {
      const values = {
        text: 'ü "x"',
        number: 1.5,
        yes: true,
        nothing: null,
        object: { a: { b: [1] } },
        list: [1, 'a', null],
      };
      expect(
        await thenSee(
          (session) => session.put('values', values),
          (session) => session.get('values'),
        ),
      ).toEqual(values);
    });

    // AdonisJS's cookies preserve a Date; JSON turns it into text, as the documentation says.
    it('stores a Date as text with JSON, and as a Date with a serializer that supports it', async () => {
      const since = new Date('2026-02-03T04:05:06.789Z');
      const visitor = app.visitor();
      await visitor.in((session) => session.put('since', since));
      expect(await visitor.in((session) => session.get('since'))).toBe('2026-02-03T04:05:06.789Z');

      await using able = await start({ options: { serializer: superjson } });
      const other = able.visitor();
      await other.in((session) => session.put('since', since));
      expect(await other.in((session) => session.get('since'))).toEqual(since);
    });

    it('rejects a BigInt with JSON and names its key, and stores it with a serializer that supports it', async () => {
      const visitor = app.visitor();
      await visitor.handle((session) => void session.put('big', 2n ** 70n), { status: 503 });
      expect(await visitor.in((session) => session.all())).toEqual({});
      const refused = await visitor.in(async (session) => {
        const outcome = await session
          .put('big', 2n ** 70n)
          .commit()
          .catch((error: unknown) => error);
        session.forget('big');
        return outcome;
      });
      expect(refused).toBeInstanceOf(SessionValueError);
      expect(refused).toMatchObject({ message: expect.stringContaining('"big"') });

      await using able = await start({ options: { serializer: superjson } });
      const other = able.visitor();
      await other.in((session) => session.put('big', 2n ** 70n));
      expect(await other.in((session) => session.get('big'))).toBe(2n ** 70n);
    });

    it('returns all values as a plain object, which is empty without a session', async () => {
      expect(await app.visitor().in((session) => session.all())).toEqual({});
      expect(
        await thenSee(
          (session) => session.put('a', 1).put('b', { c: 2 }),
          (session) => session.all(),
        ),
      ).toEqual({ a: 1, b: { c: 2 } });
    });

    it('forgets a value immediately and for later requests', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put({ cart_total: 1900, kept: 1 }));
      expect(await visitor.in((session) => session.forget('cart_total').get('cart_total'))).toBeUndefined();
      expect(await visitor.in((session) => session.all())).toEqual({ kept: 1 });
    });

    it('increments and decrements numbers, and refuses anything else', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put({ page_views: 3, score: 3, name: 'Ada', list: [1] }));
      const counted = await visitor.in((session) => [
        session.increment('page_views'),
        session.decrement('score'),
      ]);
      expect(counted).toEqual([4, 2]);
      await visitor.in((session) => {
        expect(() => session.increment('name')).toThrow(SessionValueError);
        expect(() => session.decrement('name')).toThrow(SessionValueError);
        expect(() => session.increment('list')).toThrow(/"list"/);
      });
      expect(await visitor.in((session) => session.all())).toEqual({
        page_views: 4,
        score: 2,
        name: 'Ada',
        list: [1],
      });
    });

    it('clears all values and keeps its id', async () => {
      const visitor = app.visitor();
      const before = await visitor.in((session) => session.put({ a: 1, b: 2 }).id);
      expect(await visitor.in((session) => session.clear().all())).toEqual({});
      expect(await visitor.in((session) => [session.all(), session.id])).toEqual([{}, before]);
    });
  });

  describe('the life of a session id', () => {
    // AdonisJS creates a session and a cookie on everybody's first request. Here nothing is stored and no cookie is
    // sent before something is written (design, section 2): otherwise each bot would leave a record behind.
    it('begins with the first write, not with the first request', async () => {
      const { cookies, value } = await app
        .visitor()
        .handle((session) => [session.get('a'), session.all(), session.id.length > 0, session.stored]);
      expect(value).toEqual([undefined, {}, true, false]);
      expect(cookies).toEqual([]);
    });

    it('gives every visitor a unique id', async () => {
      const ids = await Promise.all(
        [1, 2, 3].map(() => app.visitor().in((session) => session.put('a', 1).id)),
      );
      expect(new Set(ids).size).toBe(3);
    });

    // AdonisJS sends the cookie with every response. Here a visit renews it once the lifetime has shrunk by
    // `touchEvery`.
    it('renews cookie and record on a read-only visit a minute after the last renewal', async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      const began = Date.now();
      const visitor = app.visitor();
      const id = await visitor.in((session) => session.put('a', 1).id);
      vi.setSystemTime(began + 59_999);
      expect((await visitor.handle((session) => session.get('a'))).cookies).toEqual([]);
      vi.setSystemTime(began + 60_000);
      expect((await visitor.handle((session) => session.get('a'))).cookies).toEqual([
        expect.stringContaining('Max-Age=7200'),
      ]);
      expect((await app.manager.read(id))?.expiresAt).toBe(began + 60_000 + 2 * HOUR);
    });

    it('is also available as sessionId, and is the same in every request', async () => {
      const visitor = app.visitor();
      const [first, alias] = await visitor.in((session) => [session.put('a', 1).sessionId, session.id]);
      expect(first).toBe(alias);
      expect(await visitor.in((session) => session.sessionId)).toBe(first);
    });

    it('is initiated in every handler, and initiating it again changes nothing', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('a', 1));
      const states = await visitor.in(async (session) => {
        const before = session.initiated;
        await session.initiate(false);
        return [before, session.initiated, session.get('a'), session.readonly];
      });
      expect(states).toEqual([true, true, 1, false]);
    });

    it('is fresh in the request that creates it, and again after regenerate', async () => {
      const visitor = app.visitor();
      expect(await visitor.in((session) => session.put('a', 1).fresh)).toBe(true);
      expect(await visitor.in((session) => session.fresh)).toBe(false);
      expect(await visitor.in((session) => (session.fresh ? null : session.regenerate().fresh))).toBe(true);
      expect(await visitor.in((session) => session.fresh)).toBe(false);
    });

    it('changes with regenerate, which keeps the values and makes the old id useless', async () => {
      const visitor = app.visitor();
      const { value: before, asHeaders: headers } = await visitor.handle((session) => session.put('a', 1).id);
      const moved = await visitor.handle((session) => session.regenerate().id);
      expect(moved.value).not.toBe(before);
      expect(moved.cookies).toEqual([expect.stringContaining(`session=v1.${moved.value}.`)]);
      expect(await visitor.in((session) => [session.id, session.all()])).toEqual([moved.value, { a: 1 }]);
      expect(await app.visitor().in((session) => session.all(), { headers })).toEqual({});
    });
  });

  describe('flash messages', () => {
    it('carry a failed sign-in back to the form, and a successful one on to the dashboard', async () => {
      const { agent } = app.visitor();
      expect((await agent.get('/login')).body).toEqual({ errors: null, email: '' });
      const failed = await agent
        .post('/login')
        .send({ email: 'ada@example.org', password: 'wrong' })
        .redirects(1);
      expect(failed.body).toEqual({ errors: { password: 'Wrong password' }, email: 'ada@example.org' });
      expect((await agent.get('/login')).body).toEqual({ errors: null, email: '' });
      const good = await agent
        .post('/login')
        .send({ email: 'ada@example.org', password: 'right' })
        .redirects(1);
      expect(good.body).toEqual({ user: 'ada@example.org', status: 'Welcome' });
      expect((await agent.get('/dashboard')).body).toEqual({ user: 'ada@example.org', status: null });
    });

    it('survive one redirect and are gone afterwards', async () => {
      const { agent } = app.visitor();
      const response = await agent.get('/say').redirects(1);
      expect(response.body).toEqual({ message: 'Hello world' });
      expect((await agent.get('/see-message')).body).toEqual({ message: null });
    });

    it('are set by one key and its value, or several in an object', async () => {
      const errors = { title: 'Post title is required', description: 'Post description is required' };
      for (const flash of [
        (session: Session) => session.flash('errors', errors),
        (session: Session) => session.flash({ errors }),
      ]) {
        expect(await thenSee(flash, (session) => session.flashMessages.all())).toEqual({ errors });
      }
    });

    it('can include the posted form: all fields, some, or all but some', async () => {
      const body = { title: 'T', description: 'D', _csrf: 'c', submit: 'Send' };
      const flashed = async (handler: Handler<unknown>) => {
        const visitor = app.visitor();
        await visitor.in(handler, { body });
        return visitor.in((session) => session.flashMessages.all());
      };
      // `_csrf` is never flashed here, which AdonisJS leaves to each call.
      expect(await flashed((session) => session.flashAll())).toEqual({
        title: 'T',
        description: 'D',
        submit: 'Send',
      });
      expect(await flashed((session) => session.flashOnly(['title', 'description']))).toEqual({
        title: 'T',
        description: 'D',
      });
      expect(await flashed((session) => session.flashExcept(['_csrf', 'submit']))).toEqual({
        title: 'T',
        description: 'D',
      });
    });

    it('are read by path, with a default, one by one or all together', async () => {
      const read = await thenSee(
        (session) => session.flash('errors', { title: 'Required' }),
        ({ flashMessages }) => [
          flashMessages.get('errors.title'),
          flashMessages.get('title', ''),
          flashMessages.has('errors.title'),
          flashMessages.has('errors.description'),
          flashMessages.all(),
          flashMessages.isEmpty,
        ],
      );
      expect(read).toEqual(['Required', '', true, false, { errors: { title: 'Required' } }, false]);
      expect(
        await app.visitor().in(({ flashMessages }) => [flashMessages.isEmpty, flashMessages.all()]),
      ).toEqual([true, {}]);
    });

    it('are available in templates', async () => {
      const page = `<%= flashMessages.get('errors.title') %>
<%= flashMessages.get('title', 'untitled') %>
<%= flashMessages.has('errors.title') %>
<%- JSON.stringify(flashMessages.all()) %>
<%= flashMessages.isEmpty %>`;
      await using shown = await startWithPage(page);
      const visitor = shown.visitor();
      await visitor.in((session) => session.flash('errors', { title: 'Required' }));
      const lines = async () => (await visitor.agent.get('/page').expect(200)).text.split('\n');
      expect(await lines()).toEqual([
        'Required',
        'untitled',
        'true',
        '{"errors":{"title":"Required"}}',
        'false',
      ]);
      expect(await lines()).toEqual(['', 'untitled', 'false', '{}', 'true']);
    });

    it('are those of the previous request, whatever this one flashes', async () => {
      const read = await thenSee(
        (session) => session.flash('status', 'before'),
        (session) => {
          session.flash('status', 'now');
          return [session.flashMessages.get('status'), session.get('status')];
        },
      );
      expect(read).toEqual(['before', 'now']);
    });
  });

  describe('other methods', () => {
    it('reads but cannot write a session that was initiated read-only', async () => {
      const visitor = app.visitor();
      const id = await visitor.in((session) => session.put('a', 1).id);
      await app.visitor().in(async (session) => {
        session.setId(id);
        await session.initiate(true);
        expect(session.readonly).toBe(true);
        expect(session.get('a')).toBe(1);
        for (const write of [
          () => session.put('a', 2),
          () => session.increment('a'),
          () => session.forget('a'),
          () => session.flush(),
          () => session.flash('b', 1),
          () => session.regenerate(),
          () => session.setDuration('1h'),
        ]) {
          expect(write).toThrow(SessionReadonlyError);
        }
        await session.commit();
      });
      expect(await visitor.in((session) => [session.id, session.all()])).toEqual([id, { a: 1 }]);
    });

    it('has writable sessions in handlers by default', async () => {
      const visitor = app.visitor();
      expect(await visitor.in((session) => [session.readonly, session.put('key', 'value').readonly])).toEqual(
        [false, false],
      );
      expect(await visitor.in((session) => session.readonly)).toBe(false);
    });

    it('can write a session in a WebSocket gateway too, where only a new id is refused', async () => {
      @WebSocketGateway()
      class CounterGateway {
        @SubscribeMessage('count')
        count(@Session() session: Session): object {
          expect(() => session.regenerate()).toThrow(SessionReadonlyError);
          return answer(session.increment('count'));
        }
      }
      await using gateways = await startGateways(platform, 'ws', [CounterGateway]);
      const visitor = gateways.visitor();
      const { asHeaders } = await visitor.handle((session) => session.put('count', 1));
      await using client = await connect('ws', gateways.url, asHeaders);
      expect(await client.ask('count')).toBe(2);
      expect(await visitor.in((session) => session.get('count'))).toBe(2);
    });

    it('stores at commit, before the response is sent, and not a second time', async () => {
      const visitor = app.visitor();
      const { value: versions, cookies } = await visitor.handle(async (session) => {
        await session.put('a', 1).commit();
        const stored = await app.manager.read(session.id);
        await session.commit();
        return [stored?.values, stored?.version, session.isModified];
      });
      expect(versions).toEqual([{ a: 1 }, 1, false]);
      expect(cookies).toEqual([expect.stringContaining('Max-Age=7200')]);
      const id = await visitor.in((session) => session.id);
      expect((await app.manager.read(id))?.version).toBe(1);
    });

    it("stores automatically, and sets the cookie's lifetime", async () => {
      const { value: id, cookies } = await app.visitor().handle((session) => session.put('a', 1).id);
      expect(cookies).toEqual([expect.stringContaining('Max-Age=7200')]);
      expect((await app.manager.read(id))?.values).toEqual({ a: 1 });
    });
  });

  describe('a driver of your own', () => {
    @Injectable()
    class Extending implements OnModuleInit {
      constructor(private readonly sessions: SessionManager) {}

      onModuleInit() {
        this.sessions.extend('memory', () => new CustomDriver(systemClock));
      }
    }

    it('is registered by extend while the application boots, even under a built-in name', async () => {
      await using extended = await start({ options: { driver: 'memory' }, providers: [Extending] });
      expect(extended.manager.driver()).toBeInstanceOf(CustomDriver);
      const visitor = extended.visitor();
      const id = await visitor.in((session) => session.put('a', 1).id);
      expect(await visitor.in((session) => session.get('a'))).toBe(1);
      const driver = extended.manager.driver('memory');
      expect('read' in driver ? (await driver.read(id))?.version : null).toBe(1);
    });

    // The contract passes text and numbers to a driver, where AdonisJS passes the values. All of it is tested in
    // test/conformance, also with this very driver.
    it('writes, reads, touches and destroys records', async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      const driver = new CustomDriver(systemClock);
      await using own = await start({
        options: { driver: 'own', drivers: { own: { useFactory: () => driver } } },
      });
      const visitor = own.visitor();
      const id = await visitor.in((session) => session.put('a', 1).id);
      const record = await driver.read(id);
      expect(record).toMatchObject({ version: 1, expiresAt: Date.now() + 2 * HOUR });
      expect(typeof record?.payload).toBe('string');
      vi.setSystemTime(Date.now() + HOUR);
      await visitor.in((session) => session.touch());
      expect(await driver.read(id)).toEqual({ ...record, expiresAt: Date.now() + 2 * HOUR });
      await visitor.in((session) => session.destroy());
      expect(await driver.read(id)).toBeNull();
      expect(await visitor.in((session) => session.all())).toEqual({});
    });

    it('is created for each request if its factory takes the request, and once otherwise', async () => {
      const records = new CustomDriver(systemClock);
      const agents: unknown[] = [];
      let made = 0;
      @Injectable()
      class PerRequest implements OnModuleInit {
        constructor(private readonly sessions: SessionManager) {}

        onModuleInit() {
          this.sessions.extend('each', (_config: unknown, request?: { headers: Record<string, unknown> }) => {
            agents.push(request?.headers['x-visitor']);
            return records;
          });
          this.sessions.extend('once', () => {
            made += 1;
            return new CustomDriver(systemClock);
          });
        }
      }
      await using each = await start({ options: { driver: 'each' }, providers: [PerRequest] });
      const visitor = each.visitor();
      const put = (session: Session) => session.put('a', 1).id;
      const id = await visitor.in(put, { headers: { 'x-visitor': 'first' } });
      await visitor.in((session) => session.increment('a'), { headers: { 'x-visitor': 'second' } });
      expect(agents).toEqual(['first', 'second']);
      expect(await visitor.in((session) => session.get('a'))).toBe(2);
      // Outside of a request, the factory gets none.
      await each.manager.destroy(id);
      expect(agents).toEqual(['first', 'second', undefined, undefined]);
      expect(await visitor.in((session) => session.all())).toEqual({});

      await using once = await start({ options: { driver: 'once' }, providers: [PerRequest] });
      const other = once.visitor();
      await other.in((session) => session.put('a', 1));
      await other.in((session) => session.increment('a'));
      expect(made).toBe(1);
    });

    @Injectable()
    class Encryption {
      encrypt(text: string) {
        return text.split('').toReversed().join('');
      }
    }

    @SessionDriver('sealed')
    class EncryptingDriver implements RecordDriver {
      config: unknown;
      readonly texts: string[] = [];
      readonly #inner = new CustomDriver(systemClock);

      constructor(private readonly encryption: Encryption) {}

      async open(config: unknown) {
        this.config = config;
      }
      async read(id: string) {
        const record = await this.#inner.read(id);
        return record === null ? null : { ...record, payload: this.encryption.encrypt(record.payload) };
      }
      write(id: string, record: SessionRecord) {
        const payload = this.encryption.encrypt(record.payload);
        this.texts.push(payload);
        return this.#inner.write(id, { ...record, payload });
      }
      touch(id: string, expiresAt: number) {
        return this.#inner.touch(id, expiresAt);
      }
      destroy(id: string) {
        return this.#inner.destroy(id);
      }
    }

    it('has its dependencies injected, and its option passed to open', async () => {
      await using sealed = await start({
        options: { driver: 'sealed', sealed: { strength: 3 } },
        providers: [Encryption, EncryptingDriver],
      });
      const visitor = sealed.visitor();
      await visitor.in((session) => session.put('note', CONFIDENTIAL));
      expect(await visitor.in((session) => session.get('note'))).toBe(CONFIDENTIAL);
      const driver = sealed.app.get(EncryptingDriver);
      expect(driver.config).toEqual({ strength: 3 });
      expect(driver.texts.join()).not.toContain(CONFIDENTIAL);
    });

    it('gets its dependencies from the provider that extends, and its option as an argument', async () => {
      const configs: unknown[] = [];
      @Injectable()
      class Provider implements OnModuleInit {
        constructor(
          private readonly sessions: SessionManager,
          private readonly encryption: Encryption,
        ) {}

        onModuleInit() {
          this.sessions.extend('sealed', (config) => {
            configs.push(config);
            return new EncryptingDriver(this.encryption);
          });
        }
      }
      await using sealed = await start({
        options: { driver: 'sealed', sealed: { strength: 4 } },
        providers: [Encryption, Provider],
      });
      const visitor = sealed.visitor();
      await visitor.in((session) => session.put('a', 1));
      expect(await visitor.in((session) => session.get('a'))).toBe(1);
      expect(configs).toEqual([{ strength: 4 }]);
    });

    it('gets both in the factory of the option drivers too', async () => {
      const made: unknown[] = [];
      @Module({ providers: [Encryption], exports: [Encryption] })
      class EncryptionModule {}
      await using sealed = await start({
        options: {
          driver: 'sealed',
          sealed: { strength: 5 },
          drivers: {
            sealed: {
              inject: [Encryption],
              useFactory: (encryption: Encryption, config: unknown) => {
                made.push(encryption instanceof Encryption, config);
                return new EncryptingDriver(encryption);
              },
            },
          },
        },
        imports: [EncryptionModule],
      });
      expect(made).toEqual([true, { strength: 5 }]);
      expect(await sealed.visitor().in((session) => session.put('a', 1).get('a'))).toBe(1);
    });
  });
});
