import {
  type HttpServer,
  Inject,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { live, ask, LivePages, type Middleware } from '../support/live-routes.js';
import { LiveVisitors, who } from '../support/live-visitors.js';
import { TestApp, type TestApplication } from '../support/test-app.js';

/** The parts of Fastify that are used; its package is a dependency of Nest's. */
interface Fastify {
  addHook(name: string, hook: Hook): unknown;
  addContentTypeParser(type: string, parser: Hook): unknown;
  route(options: object): unknown;
  register(plugin: (instance: Fastify) => Promise<void>, options?: object): unknown;
  setNotFoundHandler(hooks: object, handler: () => unknown): unknown;
  setErrorHandler(
    handler: (error: unknown, request: object, reply: { send(body: object): void }) => void,
  ): unknown;
  use(middleware: Middleware): unknown;
}

type Hook = (...args: never[]) => unknown;

describe("on Fastify, after code that continues in another live visitor's context", () => {
  const HOOKS = ['onRequest', 'preParsing', 'preValidation', 'preHandler', 'preSerialization', 'onSend'];
  let recorded: Record<string, unknown> = {};

  const isLive = (req: { url?: string }): boolean => req.url?.startsWith('/live') === true;

  const finish = (args: unknown[]): void => {
    const done: unknown = args.at(-1);
    if (typeof done === 'function') Reflect.apply(done, undefined, []);
  };

  /** A hook that continues in the other visitor's context, one after it, and an asynchronous one. */
  const hooksOf = (name: string): Hook[] => [
    (request: { url: string }, ...rest: unknown[]) =>
      isLive(request) ? ask(() => finish(rest)) : finish(rest),
    (request: { url: string }, ...rest: unknown[]) => {
      if (!isLive(request)) return finish(rest);
      recorded[name] = who();
      return ask(() => finish(rest));
    },
    async (request: { url: string }) => {
      if (isLive(request)) recorded[`${name}, async`] = who();
      return Promise.resolve();
    },
  ];

  const addTo = (instance: Fastify, names: readonly string[], prefix = ''): void => {
    for (const name of names) for (const hook of hooksOf(prefix + name)) instance.addHook(name, hook);
  };

  const everywhere = (names: readonly string[], prefix = '', whose = 'bob'): object =>
    Object.fromEntries(
      names.flatMap((name) => [
        [prefix + name, whose],
        [`${prefix}${name}, async`, whose],
      ]),
    );

  const page = (path: string, rest: object = {}): object => ({
    method: 'GET',
    url: path,
    handler: () => Promise.resolve({ handler: who() }),
    ...rest,
  });

  /** What a request sees in an application with these hooks and routes. */
  async function visit(
    wire: (instance: Fastify) => unknown,
    call: Parameters<LiveVisitors['asBob']>[1] = (bob) => bob.get('/live'),
    early: (instance: Fastify, app: TestApplication) => unknown = () => undefined,
    imports: Type[] = [],
  ) {
    @Module({})
    class WiringModule implements OnModuleInit {
      constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

      async onModuleInit(): Promise<void> {
        await wire(this.host.httpAdapter.getInstance());
      }
    }
    const app = await TestApp.start('fastify', {
      imports: [WiringModule, ...imports],
      controllers: [LivePages],
      options: { exclude: ['/live/excluded'] },
      configure: async (each) => {
        const adapter: HttpServer = each.getHttpAdapter();
        await early(adapter.getInstance(), each);
      },
    });
    recorded = {};
    try {
      const { body } = await live.asBob(app.url, call);
      return { body, recorded };
    } finally {
      await app[Symbol.asyncDispose]();
    }
  }

  it('hooks of the application and of a route have their own session', async () => {
    const route = Object.fromEntries(HOOKS.map((name) => [name, hooksOf(`route, ${name}`)]));
    const seen = await visit((instance) => {
      addTo(instance, HOOKS);
      instance.route(page('/live', route));
    });
    expect(seen.recorded).toEqual({ ...everywhere(HOOKS), ...everywhere(HOOKS, 'route, ') });
    expect(seen.body).toEqual({ handler: 'bob' });
  });

  it('hooks that another hook gives a route, in a list or as one function, have their own session', async () => {
    const { recorded: seen } = await visit((instance) => {
      instance.addHook('onRoute', (route: { preHandler?: Hook[]; onSend?: Hook | undefined }) => {
        route.preHandler = hooksOf('given');
        route.onSend = hooksOf('single')[1];
      });
      instance.route(page('/live', { preSerialization: hooksOf('before')[0] }));
    });
    expect(seen).toEqual({ given: 'bob', 'given, async': 'bob', single: 'bob' });
  });

  it('hooks of an encapsulated plugin have their own session', async () => {
    const { recorded: seen } = await visit(async (instance) => {
      await instance.register((plugin) => {
        addTo(plugin, HOOKS);
        plugin.route(page('/live'));
        return Promise.resolve();
      });
    });
    expect(seen).toEqual(everywhere(HOOKS));
  });

  it('middleware of an encapsulated plugin has its own session, and middleware of main.ts has none', async () => {
    const goingOn: Middleware = (req, _res, next) => (isLive(req) ? ask(next) : next());
    const recording =
      (name: string): Middleware =>
      (req, _res, next) => {
        if (isLive(req)) recorded[name] = who();
        next();
      };
    @Module({})
    class GoingOnModule implements NestModule {
      configure(consumer: MiddlewareConsumer): void {
        consumer.apply(goingOn).forRoutes('{*path}');
      }
    }
    const seen = await visit(
      async (instance) => {
        await instance.register((plugin) => {
          plugin.use(goingOn);
          plugin.use(recording('plugin'));
          plugin.route(page('/live'));
          return Promise.resolve();
        });
      },
      (bob) => bob.get('/live'),
      (_instance, app) => app.use(goingOn).use(recording('main.ts')),
      [GoingOnModule],
    );
    expect(seen).toEqual({ body: { handler: 'bob' }, recorded: { 'main.ts': 'none', plugin: 'bob' } });
  });

  it('hooks for errors and an error handler have their own session', async () => {
    const seen = await visit(async (instance) => {
      await instance.register((plugin) => {
        addTo(plugin, ['onError']);
        plugin.addHook('preHandler', hooksOf('')[0] ?? expect.fail());
        plugin.setErrorHandler((_error, _request, reply) => reply.send({ errors: who() }));
        plugin.route(page('/live', { handler: () => Promise.reject(new Error('thrown')) }));
        return Promise.resolve();
      });
    });
    expect(seen).toEqual({ body: { errors: 'bob' }, recorded: everywhere(['onError']) });
  });

  it('the error handler of a route has its own session', async () => {
    const errorHandler = (_error: unknown, _request: object, reply: { send(body: object): void }): void =>
      reply.send({ errors: who() });
    const { body } = await visit((instance) =>
      instance.route(
        page('/live', {
          handler: (_request: object, reply: { send(body: unknown): void }) =>
            ask(() => reply.send(new Error('thrown'))),
          errorHandler,
        }),
      ),
    );
    expect(body).toEqual({ errors: 'bob' });
  });

  it('a body parser has its own session', async () => {
    const { body } = await visit(
      (instance) => {
        instance.addHook('preParsing', hooksOf('')[0] ?? expect.fail());
        instance.addContentTypeParser('text/who', (_request: object, stream: { resume(): void }) => {
          const parser = who();
          stream.resume();
          return Promise.resolve({ parser });
        });
        instance.route(
          page('/live', {
            method: 'POST',
            handler: ({ body: parsed }: { body: object }) => Promise.resolve({ ...parsed, handler: who() }),
          }),
        );
      },
      (bob) => bob.post('/live').set('Content-Type', 'text/who').send('?'),
    );
    expect(body).toEqual({ parser: 'bob', handler: 'bob' });
  });

  it('a not-found handler and its hooks have their own session', async () => {
    const seen = await visit(async (instance) => {
      const plugin = (inner: Fastify): Promise<void> => {
        inner.setNotFoundHandler({ preHandler: hooksOf('absent') }, () => Promise.resolve({ absent: who() }));
        return Promise.resolve();
      };
      await instance.register(plugin, { prefix: '/live' });
    });
    expect(seen).toEqual({ body: { absent: 'bob' }, recorded: { absent: 'bob', 'absent, async': 'bob' } });
  });

  it('hooks have no session once their response has ended', async () => {
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { recorded: seen } = await visit(
      (instance) => {
        addTo(instance, ['onResponse']);
        instance.addHook('onResponse', async (request: { url: string }) => {
          if (isLive(request)) end();
          return Promise.resolve();
        });
        instance.route(page('/live'));
      },
      async (bob) => {
        const response = await bob.get('/live');
        await ended;
        return response;
      },
    );
    expect(seen).toEqual(everywhere(['onResponse'], '', 'none'));
  });

  it('hooks of a HEAD request have their own session', async () => {
    const { recorded: seen } = await visit(
      (instance) => {
        addTo(instance, HOOKS);
        instance.route(page('/live'));
      },
      (bob) => bob.head('/live'),
    );
    expect(seen).toEqual(everywhere(HOOKS));
  });

  it('hooks of main.ts have no session before it is opened, and their own afterwards', async () => {
    const after = ['preParsing', 'preValidation', 'preHandler'];
    const seen = await visit(
      (instance) => instance.route(page('/live')),
      (bob) => bob.get('/live'),
      (instance) => addTo(instance, ['onRequest', ...after]),
    );
    expect(seen.recorded).toEqual({ ...everywhere(['onRequest'], '', 'none'), ...everywhere(after) });
    expect(seen.body).toEqual({ handler: 'bob' });
  });

  it('hooks and the handler of an excluded route have no session', async () => {
    const seen = await visit(
      (instance) => {
        addTo(instance, HOOKS);
        instance.route(page('/live/excluded', { preHandler: hooksOf('route') }));
      },
      (bob) => bob.get('/live/excluded'),
    );
    expect(seen.recorded).toEqual({
      ...everywhere(HOOKS, '', 'none'),
      route: 'none',
      'route, async': 'none',
    });
    expect(seen.body).toEqual({ handler: 'none' });
  });

  it('an asynchronous hook that takes a callback is refused, as without sessions', async () => {
    const both = async (_request: unknown, _reply: unknown, _done: unknown): Promise<void> =>
      Promise.resolve();
    await visit((instance) => {
      expect(() => instance.addHook('preHandler', both)).toThrow(/Async function has too many arguments/);
      expect(() => instance.route(page('/x', { preHandler: [both] }))).toThrow(/too many arguments/);
      instance.route(page('/live'));
    });
  });
});
