import {
  type HttpServer,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  type OnModuleInit,
  Inject,
} from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import express, { type Express, type RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { SessionModule } from 'nestjs-session-kit';
import { LivePages, answering, ask, live, noting, onward, seenBy, wiring } from '../support/live-routes.js';
import { who } from '../support/live-visitors.js';
import { PLATFORMS, TestApp, UNHURRIED } from '../support/test-app.js';

const withSession: RequestHandler = (req, res) => {
  const session: { user?: unknown } | undefined = Reflect.get(req as object, 'session');
  res.json({ ...seenBy(req), handler: who(), request: session?.user ?? null });
};

/** An application without sessions of its own, as dashboards are. */
function dashboard(): Express {
  const app = express();
  app.use(onward, noting('dashboard'));
  // A path that a wildcard matches leaves only '/'.
  app.get(['/page', '/'], onward, withSession);
  return app;
}

const SEEN = { dashboard: 'bob', handler: 'bob', request: 'bob' };

describe("an application without sessions of its own, after code that continues in another live visitor's context", () => {
  it.each(PLATFORMS)(
    'has the session of its request if MiddlewareConsumer applies it on %s',
    async (platform) => {
      @Module({})
      class ConsumingModule implements NestModule {
        configure(consumer: MiddlewareConsumer): void {
          consumer.apply(dashboard()).forRoutes(platform === 'express' ? '/board' : '/board/{*path}');
        }
      }
      await using app = await TestApp.start(platform, {
        imports: [ConsumingModule],
        controllers: [LivePages],
      });
      const { body } = await live.asBob(app.url, (bob) => bob.get('/board/page'));
      expect(body).toEqual(SEEN);
    },
  );

  it('has the session of its request below a router, and what follows has the request of its own application again', async () => {
    const wired = wiring((instance) => {
      const after: RequestHandler = (req, res) => {
        res.json({ ...seenBy(req), after: who(), isOwn: req.app === instance });
      };
      instance.use('/mounted', express.Router().use('/deeper', onward, dashboard(), after));
    });
    await using app = await TestApp.start('express', { imports: [wired], controllers: [LivePages] });
    expect((await live.asBob(app.url, (bob) => bob.get('/mounted/deeper/page'))).body).toEqual(SEEN);
    const { body } = await live.asBob(app.url, (bob) => bob.get('/mounted/deeper/absent'));
    expect(body).toEqual({ dashboard: 'bob', after: 'bob', isOwn: true });
  });

  it('has the session of its request if it was mounted on another application before that was mounted', async () => {
    const wired = wiring((instance) => {
      const outer = express();
      outer.use(onward, noting('outer'));
      outer.use('/inner', dashboard());
      instance.use('/mounted', outer);
    });
    await using app = await TestApp.start('express', { imports: [wired], controllers: [LivePages] });
    for (let visit = 0; visit < 2; visit += 1) {
      const { body } = await live.asBob(app.url, (bob) => bob.get('/mounted/inner/page'));
      expect(body).toEqual({ outer: 'bob', ...SEEN });
    }
  });

  it('has the session of its request in version 4, which names its router otherwise and throws on `router`', async () => {
    const mounted = dashboard();
    const { router } = mounted;
    Object.defineProperties(mounted, {
      lazyrouter: { value: () => undefined },
      _router: { value: router },
      router: {
        get: () => {
          throw new Error("'app.router' is deprecated!");
        },
      },
      handle: { value: router, writable: true },
    });
    const wired = wiring((instance) => instance.use(express.Router().use('/mounted', mounted)));
    await using app = await TestApp.start('express', { imports: [wired], controllers: [LivePages] });
    expect((await live.asBob(app.url, (bob) => bob.get('/mounted/page'))).body).toEqual(SEEN);
  });

  it.each(['an application', 'a router'])('creates its router late if it is below %s', async (below) => {
    const mounted = express();
    const wired = wiring((instance) => {
      if (below === 'a router') instance.use(express.Router().use('/mounted', mounted));
      else instance.use('/mounted', mounted);
    });
    await using app = await TestApp.start('express', { imports: [wired], controllers: [LivePages] });
    mounted.set('case sensitive routing', true);
    mounted.get('/Page', onward, answering);
    await live.asBob(app.url, (bob) => bob.get('/mounted/page').expect(404));
    expect((await live.asBob(app.url, (bob) => bob.get('/mounted/Page'))).body).toEqual({ handler: 'bob' });
  });
});

describe("a router that two applications share, after code that continues in another live visitor's context", () => {
  it('has the session of each request, whichever application it came to', async () => {
    const router = express.Router();
    router.get('/page', onward, answering);
    const both = [wiring((instance) => instance.use(router)), wiring((instance) => instance.use(router))];
    await using first = await TestApp.start('express', { imports: [both[0]!], controllers: [LivePages] });
    await using second = await TestApp.start('express', { imports: [both[1]!], controllers: [LivePages] });
    for (const { url } of [first, second]) {
      expect((await live.asBob(url, (bob) => bob.get('/page'))).body).toEqual({ handler: 'bob' });
    }
  });
});

describe("on Fastify, after code that continues in another live visitor's context", () => {
  interface Fastify {
    get(path: string, options: object, handler: () => unknown): unknown;
    register(plugin: (instance: Fastify) => Promise<void>): unknown;
    use(middleware: (req: { session?: { user?: unknown } }, res: unknown, next: () => void) => void): unknown;
  }

  it('routes of main.ts have their own session', async () => {
    @Module({ imports: [SessionModule.forRoot(UNHURRIED)], controllers: [LivePages] })
    class AppModule {}
    const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
      logger: false,
    });
    const preHandler = (_request: object, _reply: object, done: () => void): void => ask(done);
    app
      .getHttpAdapter()
      .getInstance()
      .get('/live', { preHandler }, () => Promise.resolve({ handler: who() }));
    await app.listen(0, '127.0.0.1');
    try {
      expect((await live.asBob(await app.getUrl(), (bob) => bob.get('/live'))).body).toEqual({
        handler: 'bob',
      });
    } finally {
      await app.close();
    }
  });

  it('middleware of a plugin has its own session, even if the application has no middleware', async () => {
    const seen: unknown[] = [];
    @Module({})
    class PluginModule implements OnModuleInit {
      constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

      async onModuleInit(): Promise<void> {
        const adapter: HttpServer = this.host.httpAdapter;
        const fastify: Fastify = adapter.getInstance();
        await fastify.register((plugin) => {
          plugin.use((_req, _res, next) => ask(next));
          plugin.use((req, _res, next) => {
            seen.push(who(), req.session?.user);
            next();
          });
          plugin.get('/live', {}, () => Promise.resolve({ handler: who() }));
          return Promise.resolve();
        });
      }
    }
    await using app = await TestApp.start('fastify', { imports: [PluginModule], controllers: [LivePages] });
    expect((await live.asBob(app.url, (bob) => bob.get('/live'))).body).toEqual({ handler: 'bob' });
    expect(seen).toEqual(['bob', 'bob']);
  });
});
