import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  ImATeapotException,
  Inject,
  Injectable,
  Module,
  type NestInterceptor,
  type NestModule,
  type OnModuleInit,
  type PipeTransform,
  Query,
  Req,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { describe, expect, it } from 'vitest';
import { SessionModule } from 'nestjs-session-kit';
import {
  live,
  note,
  seenBy,
  anotherExpress,
  onward,
  noting,
  PageController,
  ask,
  LivePages,
  type Middleware,
} from '../support/live-routes.js';
import { who } from '../support/live-visitors.js';
import { PLATFORMS, SECRET, TestApp } from '../support/test-app.js';

describe.each(PLATFORMS)('what main.ts adds before the session is opened on %s', (platform) => {
  const isLive = (req: { url?: string }): boolean =>
    req.url?.startsWith('/nest') === true || req.url === '/excluded';

  @Module({
    imports: [SessionModule.forRoot({ secret: SECRET, driver: 'memory', exclude: ['/excluded'] })],
    controllers: [LivePages, PageController],
  })
  class MainModule {}

  it.each([
    ['/nest', 'bob'],
    ['/excluded', 'none'],
  ])(
    'has no session, even in a callback of another visitor, and does not affect the handler: %s',
    async (path, own) => {
      const app =
        platform === 'express'
          ? await NestFactory.create<NestExpressApplication>(MainModule, { logger: false })
          : await NestFactory.create<NestFastifyApplication>(MainModule, new FastifyAdapter(), {
              logger: false,
            });
      const seen: unknown[] = [];
      const going: Middleware = (req, _res, next) => (isLive(req) ? ask(next) : next());
      const recording: Middleware = (req, _res, next) => {
        if (isLive(req)) seen.push(who());
        next();
      };
      app.use(going);
      app.use(recording);
      app.use(going);
      await app.listen(0, '127.0.0.1');
      try {
        const { body } = await live.asBob(await app.getUrl(), (bob) => bob.get(path));
        expect({ seen, body }).toEqual({ seen: ['none'], body: { handler: own } });
      } finally {
        await app.close();
      }
    },
  );

  it('a router that a module adds has the session of its own request', async () => {
    await using app = await TestApp.start(platform, {
      imports: [RouterModule],
      controllers: [LivePages, PageController],
    });
    const { body } = await live.asBob(app.url, (bob) => bob.get('/routed'));
    expect(body).toEqual({ layer: 'bob', handler: 'bob' });
  });

  @Module({})
  class RouterModule implements OnModuleInit {
    constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

    onModuleInit(): void {
      // Of a copy of Express that no other test has used.
      const router = anotherExpress().Router();
      router.use('/routed', onward, noting('layer'), (req, res: import('node:http').ServerResponse) => {
        res.setHeader('Content-Type', 'application/json');
        res.end(JSON.stringify({ ...seenBy(req), handler: who() }));
      });
      this.host.httpAdapter.use(router);
    }
  }
});

@Injectable()
class WhoPipe implements PipeTransform {
  transform(): unknown {
    return who();
  }
}

@Injectable()
class NotingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    note(context.switchToHttp().getRequest(), 'guard');
    return true;
  }
}

@Injectable()
class NotingInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    note(context.switchToHttp().getRequest(), 'interceptor');
    return next.handle();
  }
}

@Catch(ImATeapotException)
class TeapotFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    const res: { status(code: number): { send(body: object): void } } = host.switchToHttp().getResponse();
    res.status(418).send({ filter: who() });
  }
}

@Controller('live')
class NestController {
  @Get('all')
  @UseGuards(NotingGuard)
  @UseInterceptors(NotingInterceptor)
  all(@Req() req: object, @Query('x', WhoPipe) pipe: unknown) {
    return { ...seenBy(req), pipe, handler: who() };
  }

  @Get('throw')
  throw() {
    throw new ImATeapotException();
  }
}

describe.each(PLATFORMS)(
  "Nest's own parts, after code that continues in another live visitor's context on %s",
  (platform) => {
    const goesOn: Middleware = (req, _res, next) =>
      req.url?.startsWith('/live') === true ? ask(next) : next();

    const fails = (req: { url?: string }, _res: unknown, next: (error?: unknown) => void): void =>
      req.url?.startsWith('/live/fail') === true ? ask(() => next(new ImATeapotException())) : next();

    @Module({})
    class MiddlewareModule implements NestModule {
      constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

      /** Registered before the routes of Nest. */
      configure(): void {
        this.host.httpAdapter.use(goesOn);
        this.host.httpAdapter.use(fails);
        this.host.httpAdapter.use(goesOn);
      }
    }

    it.each([
      ['all', 200, { guard: 'bob', interceptor: 'bob', pipe: 'bob', handler: 'bob' }],
      ['throw', 418, { filter: 'bob' }],
      ['fail', 418, { filter: 'bob' }],
    ])(
      'guards, interceptors, pipes, handlers and filters have their own session: %s',
      async (path, status, seen) => {
        await using app = await TestApp.start(platform, {
          imports: [MiddlewareModule],
          controllers: [LivePages, NestController],
          providers: [{ provide: APP_FILTER, useClass: TeapotFilter }],
        });
        const response = await live.asBob(app.url, (bob) => bob.get(`/live/${path}`));
        expect([response.status, response.body]).toEqual([status, seen]);
      },
    );
  },
);
