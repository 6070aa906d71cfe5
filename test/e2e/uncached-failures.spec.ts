import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  ConflictException,
  Controller,
  type ExceptionFilter,
  Get,
  Header,
  type MiddlewareConsumer,
  Module,
  UnauthorizedException,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  Session,
  SessionManager,
  type SessionModuleOptions,
  SessionReadonlyError,
  SessionStoreError,
  SessionUnavailableException,
} from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { ScriptedDriver } from '../support/scripted-driver.js';
import { PLATFORMS, type Platform, type TestApplication, TestApp, setCookies } from '../support/test-app.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';

refuseUnhandledRejections();

const PUBLIC = 'public, max-age=600';

type Place = 'middleware' | 'guard' | 'handler';
type Deed = (driver: ScriptedDriver, manager: SessionManager) => unknown;

/** What the next request does, and where. */
const next: { place: Place; deed: () => unknown } = { place: 'handler', deed: () => null };

const at = (place: Place): unknown => (next.place === place ? next.deed() : null);

class DoingGuard implements CanActivate {
  async canActivate(): Promise<boolean> {
    await at('guard');
    return true;
  }
}

/** Answers, and keeps something for the next page. */
@Catch(SessionUnavailableException)
class NotingFilter implements ExceptionFilter {
  constructor(private readonly adapter: HttpAdapterHost) {}

  catch(_error: unknown, host: ArgumentsHost): void {
    Session.put('sorry', true);
    this.adapter.httpAdapter.reply(host.switchToHttp().getResponse(), { sorry: true }, 503);
  }
}

/** Its handlers have no interceptor of the package, apart from the last. */
@Controller()
class PagesController {
  constructor(private readonly sessions: SessionManager) {}

  @Get('begin')
  begin(): void {
    Session.put('name', 'Ada');
  }

  @Get('page')
  @UseGuards(DoingGuard)
  @Header('Expires', 'Wed, 21 Oct 2037 07:28:00 GMT')
  @Header('CDN-Cache-Control', PUBLIC)
  @Header('Surrogate-Control', PUBLIC)
  async page(): Promise<object> {
    await at('handler');
    return {};
  }

  @Get('noted')
  @UseFilters(NotingFilter)
  async noted(@Session() session: Session): Promise<object> {
    await this.sessions.read('some id');
    return session.all();
  }
}

@Module({})
class MiddlewareModule {
  configure(consumer: MiddlewareConsumer): void {
    const doing = (_req: unknown, _res: unknown, done: (error?: unknown) => void): void => {
      void Promise.resolve(at('middleware')).then(() => done(), done);
    };
    consumer.apply(doing).forRoutes('page');
  }
}

/** What an application does for all of its pages, before anything else. */
function cachePublicly(app: TestApplication, platform: Platform): void {
  if (platform === 'express') {
    app.use((_req: unknown, res: { setHeader(name: string, value: string): void }, done: () => void) => {
      res.setHeader('Cache-Control', PUBLIC);
      done();
    });
    return;
  }
  const fastify = app.getHttpAdapter().getInstance() as {
    addHook(
      name: 'onRequest',
      hook: (req: unknown, reply: { header(name: string, value: string): void }, done: () => void) => void,
    ): void;
  };
  fastify.addHook('onRequest', (_req, reply, done) => {
    reply.header('Cache-Control', PUBLIC);
    done();
  });
}

/** Runs code as a callback of a connection that was opened before any request. */
const outside = AsyncLocalStorage.snapshot();

const DEEDS: readonly [name: string, deed: Deed][] = [
  [
    'touch()',
    async (driver) => {
      driver.mood = 'failing';
      await Session.touch();
    },
  ],
  [
    'reload()',
    async (driver) => {
      driver.mood = 'failing';
      await Session.reload();
    },
  ],
  [
    'touch() in a callback without the context of the request',
    async (driver) => {
      const session = Session.current();
      driver.mood = 'failing';
      await outside(() => session.touch());
    },
  ],
  [
    'commit(), and would succeed again after it',
    async (driver) => {
      driver.mood = 'failing';
      try {
        await Session.put('page', 1).commit();
      } finally {
        driver.mood = 'well';
      }
    },
  ],
  [
    'start() after setId(id)',
    async (driver) => {
      driver.mood = 'failing';
      await Session.setId('another').start();
    },
  ],
];

const MANAGED: readonly [name: string, deed: Deed][] = [
  [
    'SessionManager.read()',
    async (driver, manager) => {
      driver.mood = 'failing';
      await manager.read('some id');
    },
  ],
  [
    'SessionManager.run()',
    async (driver, manager) => {
      driver.mood = 'failing';
      await manager.run('some id', () => null);
    },
  ],
  [
    'SessionManager.destroy() inside run()',
    (driver, manager) =>
      manager.run({}, async () => {
        driver.mood = 'failing';
        await manager.destroy('some id');
      }),
  ],
  [
    'SessionManager.destroy(), and refuses each write as if another had come first',
    async (driver, manager) => {
      using _ = vi.spyOn(driver, 'write').mockResolvedValue(false);
      await manager.destroy(Session.current().id);
    },
  ],
  [
    'SessionManager.collectGarbage()',
    async (driver, manager) => {
      Object.assign(driver, { collectGarbage: () => Promise.resolve(-1) });
      await manager.collectGarbage();
    },
  ],
];

/** What a page answers with an error of its own, as the store has failed. */
const ANSWERED: readonly [name: string, deed: Deed][] = [
  [
    'commit() in a job',
    async (driver, manager) => {
      await manager.run(Session.current().id, async (session) => {
        driver.mood = 'failing';
        await session
          .put('page', 1)
          .commit()
          .catch(() => undefined);
        driver.mood = 'well';
        throw new ConflictException();
      });
    },
  ],
  [
    'touch() in a job inside another, which goes on',
    async (driver, manager) => {
      await manager.run(Session.current().id, ({ id }) =>
        manager.run({}, () =>
          manager.run(id, async (session) => {
            driver.mood = 'failing';
            await session.touch().catch(() => undefined);
            driver.mood = 'well';
          }),
        ),
      );
      throw new ConflictException();
    },
  ],
  [
    'commit() in a job that goes on after the answer',
    async (driver, manager) => {
      const isAnswered = new Deferred();
      onTestFinished(() => isAnswered.resolve());
      const isRefused = new Deferred();
      const running = manager.run(Session.current().id, async (session) => {
        driver.mood = 'failing';
        await session
          .put('page', 1)
          .commit()
          .catch(() => undefined);
        isRefused.resolve();
        await isAnswered.promise;
      });
      running.catch(() => undefined);
      await isRefused.promise;
      throw new ConflictException();
    },
  ],
  [
    'the commit at the end of a job',
    async (driver, manager) => {
      await manager
        .run(Session.current().id, (session) => {
          driver.mood = 'failing';
          session.put('page', 1);
        })
        .catch(() => undefined);
      throw new ConflictException();
    },
  ],
  [
    'SessionManager.check()',
    async (driver, manager) => {
      driver.mood = 'failing';
      const { up } = await manager.check();
      if (!up) throw new ConflictException();
    },
  ],
];

/** The headers of the page that tell caches whether and how long to keep it. */
function caching({ headers }: { readonly headers: Readonly<Record<string, string>> }): object {
  const names = ['cache-control', 'cdn-cache-control', 'expires', 'surrogate-control'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)));
}

const PLACES: readonly Place[] = ['middleware', 'guard', 'handler'];

describe.each(PLATFORMS)('a page for shared caches, on %s', (platform) => {
  async function begin(options: Partial<SessionModuleOptions> = {}) {
    const driver = new ScriptedDriver();
    const app = await TestApp.start(platform, {
      controllers: [PagesController],
      imports: [MiddlewareModule],
      options: { driver: 'scripted', drivers: { scripted: { useFactory: () => driver } }, ...options },
      configure: (application) => cachePublicly(application, platform),
    });
    const visitor = app.visitor();
    const manager = app.get(SessionManager);
    await visitor.get('/begin').expect(200);
    const during = (place: Place, deed: Deed): void =>
      void Object.assign(next, { place, deed: () => deed(driver, manager) });
    during('handler', () => null);
    return { app, driver, visitor, during, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
  }

  it.each(PLACES.flatMap((place) => [...DEEDS, ...MANAGED].map(([name, deed]) => ({ place, name, deed }))))(
    'is kept by no cache if the store fails in the $place at $name',
    async ({ place, deed }) => {
      await using scene = await begin();
      scene.during(place, deed);
      const response = await scene.visitor.get('/page').expect(503);
      expect(caching(response)).toEqual({ 'cache-control': 'no-store' });
    },
  );

  it.each(PLACES.flatMap((place) => ANSWERED.map(([name, deed]) => ({ place, name, deed }))))(
    'is kept by no cache if the $place answers with an error of its own after the store failed at $name',
    async ({ place, deed }) => {
      await using scene = await begin();
      scene.during(place, deed);
      const response = await scene.visitor.get('/page').expect(409);
      expect(caching(response)).toEqual({ 'cache-control': 'no-store' });
    },
  );

  it('is kept by no cache if a job finds no store when it reloads, and answers with an error', async () => {
    await using scene = await begin({ whenStoreFails: 'degrade' });
    scene.during('handler', (driver, manager) =>
      manager.run(Session.current().id, async (session) => {
        driver.mood = 'failing';
        await session.reload();
        throw session.get('name') === undefined ? new ConflictException() : new Error('It is not empty.');
      }),
    );
    expect(caching(await scene.visitor.get('/page').expect(409))).toEqual({ 'cache-control': 'no-store' });
  });

  it('is kept by no cache if the session cannot be stored at its end', async () => {
    await using scene = await begin();
    scene.during('handler', (driver) => {
      Session.put('page', 1);
      driver.mood = 'failing';
    });
    expect(caching(await scene.visitor.get('/page').expect(503))).toEqual({ 'cache-control': 'no-store' });
  });

  it('is kept by no cache if it waits for what another request does, and the store fails there', async () => {
    await using scene = await begin({ storeTimeout: 200 });
    scene.during('handler', (driver, manager) => {
      driver.moods = { write: 'hanging' };
      return manager.destroy(Session.current().id);
    });
    const pages = await Promise.all([scene.visitor.get('/page'), scene.visitor.get('/page')]);
    expect(pages.map(({ status }) => status)).toEqual([503, 503]);
    expect(pages.map(caching)).toEqual([{ 'cache-control': 'no-store' }, { 'cache-control': 'no-store' }]);
  });

  it('is kept by no cache if a reload outside of the context finds no store, and leaves the session empty', async () => {
    await using scene = await begin({ whenStoreFails: 'degrade' });
    scene.during('handler', async (driver) => {
      const session = Session.current();
      driver.mood = 'failing';
      await outside(() => session.reload());
      throw session.get('name') === undefined ? new UnauthorizedException() : new Error('It is not empty.');
    });
    expect(caching(await scene.visitor.get('/page').expect(401))).toEqual({ 'cache-control': 'no-store' });
  });

  it('is kept by no cache if the session cannot be loaded', async () => {
    await using scene = await begin();
    scene.driver.mood = 'failing';
    const { headers } = await scene.visitor.get('/page').expect(503);
    expect(headers['cache-control']).toBe('no-store');
  });

  it.each([...DEEDS, ...MANAGED])(
    'is cached if the handler itself catches that the store fails at %s',
    async (_name, deed) => {
      await using scene = await begin();
      scene.during('handler', async (driver) => {
        await expect(deed(driver, scene.app.get(SessionManager))).rejects.toThrow(SessionStoreError);
        driver.mood = 'well';
      });
      const { headers } = await scene.visitor.get('/page').expect(200);
      expect(headers['cache-control']).toBe(PUBLIC);
    },
  );

  it('is cached if nothing fails', async () => {
    await using scene = await begin();
    scene.during('handler', () => Session.touch());
    const { headers } = await scene.visitor.get('/page').expect(200);
    expect(headers['cache-control']).toBe(PUBLIC);
  });

  it('is kept by no cache if a session that is read-only because of its store refuses a write', async () => {
    await using scene = await begin({ whenStoreFails: 'degrade' });
    scene.driver.mood = 'failing';
    const read = await scene.visitor.get('/page').expect(200);
    expect(read.headers['cache-control']).toBe(PUBLIC);
    scene.during('handler', () => {
      expect(() => Session.put('page', 1)).toThrow(SessionReadonlyError);
      Session.put('page', 1);
    });
    const written = await scene.visitor.get('/page').expect(503);
    expect(written.headers['cache-control']).toBe('no-store');
  });

  it('begins no session outside of cookie.path in the filter that answers the failure', async () => {
    await using scene = await begin({ cookie: { path: '/elsewhere' } });
    scene.driver.moods = { read: 'failing' };
    scene.driver.calls.length = 0;
    const response = await scene.app.request.get('/noted').expect(503);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(setCookies(response)).toEqual([]);
    expect(scene.driver.calls).toEqual(['read']);
  });
});
