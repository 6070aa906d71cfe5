import { Controller, Get, type INestApplication, Inject, Module, type NestModule } from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express from 'express';
import type { FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import { SessionMiddleware, SessionModule } from 'nestjs-session-kit';
import { LiveVisitors, who } from '../support/live-visitors.js';
import { UNHURRIED } from '../support/test-app.js';

const visitors = new LiveVisitors();
const inAnnsContext = visitors.ask;

@Controller()
class PagesController {
  @Get('page')
  page() {
    return { handler: who() };
  }
}

/** Visits a path as Bob while Ann's request runs, in whose context all callbacks are called. */
function asBob(app: INestApplication, path: string) {
  const { port } = app.getHttpServer().address();
  return visitors.asBob(`http://127.0.0.1:${port}`, (bob) => bob.get(path));
}

const sessions = SessionModule.forRoot(UNHURRIED);

describe('on Express, after code that continues in the context of another live visitor', () => {
  const goOn: express.RequestHandler = (_req, _res, next) => inAnnsContext(next);
  interface Seen extends express.Request {
    seen?: object;
  }
  const answer: express.RequestHandler = (req: Seen, res) => {
    res.json({ ...req.seen, answer: who() });
  };
  const fail: express.RequestHandler = () => {
    throw new Error('thrown');
  };
  const answerError: express.ErrorRequestHandler = (_error, req, res, next) => {
    answer(req, res, next);
  };

  type When = 'main.ts, behind SessionMiddleware' | 'main.ts, before it' | 'a module';

  async function start(when: When, register: (app: express.Express) => void): Promise<INestApplication> {
    @Module({})
    class LateModule implements NestModule {
      constructor(@Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost) {}

      configure(): void {
        if (when === 'a module') register(this.adapterHost.httpAdapter.getInstance());
      }
    }
    @Module({ imports: [sessions, LateModule], controllers: [PagesController, visitors.controller] })
    class AppModule {}
    const app = await NestFactory.create(AppModule, new ExpressAdapter(), { logger: false });
    if (when === 'main.ts, behind SessionMiddleware') {
      const middleware = app.get(SessionMiddleware);
      app.use(middleware.use.bind(middleware));
    }
    if (when !== 'a module') register(app.getHttpAdapter().getInstance());
    await app.listen(0, '127.0.0.1');
    return app;
  }

  it.each<[what: string, register: (app: express.Express) => void]>([
    ['the layers of a router', (app) => app.use('/x', express.Router().use(goOn).use(answer))],
    ['the routes of a router', (app) => app.use('/x', express.Router().use(goOn).get('/', answer))],
    [
      'a router in a router',
      (app) => app.use('/x', express.Router().use(goOn).use(express.Router().use(answer))),
    ],
    [
      'what a router gets after it was mounted',
      (app) => {
        const router = express.Router();
        app.use('/x', router);
        router.use(goOn);
        router.get('/', answer);
      },
    ],
    ['the second handler of a route', (app) => app.get('/x', goOn, answer)],
    ['the handlers of all methods', (app) => app.all('/x', [goOn, answer])],
    ['the handlers of app.route', (app) => app.route('/x').get(goOn).get(answer)],
    ['what an error is led to', (app) => app.get('/x', goOn, fail, answerError)],
  ])('%s have the session of their own request', async (_what, register) => {
    for (const when of ['main.ts, behind SessionMiddleware', 'a module'] as const) {
      const app = await start(when, register);
      try {
        expect((await asBob(app, '/x')).body, when).toEqual({ answer: 'bob' });
      } finally {
        await app.close();
      }
    }
  });

  it.each(['the application', 'a router'])(
    'callbacks for parameters of %s have the session of their own request',
    async (what) => {
      const app = await start('main.ts, behind SessionMiddleware', (instance) => {
        const router = express.Router();
        const target: express.IRouter = what === 'a router' ? router : instance;
        target.use('/x', goOn);
        target.param('id', (req: Seen, _res, next) => {
          req.seen = { param: who() };
          inAnnsContext(next);
        });
        target.get('/x/:id', answer);
        if (what === 'a router') instance.use(router);
      });
      try {
        expect((await asBob(app, '/x/1')).body).toEqual({ param: 'bob', answer: 'bob' });
      } finally {
        await app.close();
      }
    },
  );

  it('what main.ts registers before sessions are opened has no session, and the handler has its own', async () => {
    const app = await start('main.ts, before it', (instance) => {
      instance.use('/page', goOn);
      instance.use('/x', goOn, answer);
    });
    try {
      expect((await asBob(app, '/x')).body).toEqual({ answer: 'none' });
      expect((await asBob(app, '/page')).body).toEqual({ handler: 'bob' });
    } finally {
      await app.close();
    }
  });
});

@Module({ imports: [sessions], controllers: [PagesController, visitors.controller] })
class AppModule {}

describe('on Fastify, after code that continues in the context of another live visitor', () => {
  it.each(['main.ts before it listens', 'a plugin'])(
    'the hooks of %s have the session of their own request',
    async (where) => {
      const adapter = new FastifyAdapter();
      const app = await NestFactory.create(AppModule, adapter, { logger: false });
      const seen: Record<string, unknown> = {};
      const HOOKS = [
        'onRequest',
        'preValidation',
        'preHandler',
        'preSerialization',
        'onSend',
        'onResponse',
      ] as const;
      const addHooks = (fastify: FastifyInstance): void => {
        for (const name of HOOKS) {
          const isOfBob = (url: string): boolean => url === '/x' || url === '/page';
          const hook = (req: { url: string }, _reply: unknown, ...rest: unknown[]): void => {
            if (isOfBob(req.url)) seen[name] = who();
            const done = rest.at(-1) as (error: null, payload?: unknown) => void;
            const goOn = (): void => done(null, ...rest.slice(0, -1));
            if (isOfBob(req.url)) inAnnsContext(goOn);
            else goOn();
          };
          const withPayload = (req: { url: string }, reply: unknown, payload: unknown, done: unknown): void =>
            hook(req, reply, payload, done);
          const plain = (req: { url: string }, reply: unknown, done: unknown): void => hook(req, reply, done);
          fastify.addHook(
            name as 'onSend',
            (name === 'onSend' || name === 'preSerialization' ? withPayload : plain) as never,
          );
        }
      };
      if (where === 'a plugin') {
        await app.init();
        await adapter.getInstance().register(async (fastify: FastifyInstance) => {
          addHooks(fastify);
          fastify.get(
            '/x',
            {
              preHandler: [
                (_req, _reply, done) => inAnnsContext(done),
                async () => void (seen['route'] = who()),
              ],
            },
            async () => ({ handler: who() }),
          );
        });
      } else {
        addHooks(adapter.getInstance());
      }
      await app.listen(0, '127.0.0.1');
      try {
        const { body } = await asBob(app, where === 'a plugin' ? '/x' : '/page');
        expect(body).toEqual({ handler: 'bob' });
        const own = { ...Object.fromEntries(HOOKS.map((name) => [name, 'bob'])), onResponse: 'none' };
        // Hooks of main.ts start before the session is opened; once the response has ended, there is no session.
        const expected = where === 'a plugin' ? { ...own, route: 'bob' } : { ...own, onRequest: 'none' };
        // The response is sent before the last hook has run.
        while (seen['onResponse'] === undefined) await new Promise((resolve) => setImmediate(resolve));
        expect(seen).toEqual(expected);
      } finally {
        await app.close();
      }
    },
  );
});
