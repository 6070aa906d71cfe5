import { Controller, Get, type MiddlewareConsumer, Module, type NestModule, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import express, { type Express, Router } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session, SessionModule } from 'nestjs-session-kit';
import {
  live,
  note,
  anotherExpress,
  onward,
  noting,
  answering,
  failing,
  answeringErrors,
  wiring,
  aRouter,
  ROUTER_PAGES,
  PageController,
  ask,
  LivePages,
} from '../support/live-routes.js';
import { who } from '../support/live-visitors.js';
import { TempFolder } from '../support/temp-folder.js';
import { SECRET, TestApp } from '../support/test-app.js';

describe("on Express, after code that continues in another live visitor's context", () => {
  let app: TestApp;
  let folder: TempFolder;
  const asBob = (path: string) => live.asBob(app.url, (bob) => bob.get(path));

  /** Applies a router that is not passed to Express itself. */
  @Module({})
  class ConsumingModule implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      consumer.apply(aRouter()).forRoutes('/consumed');
    }
  }

  const wired = wiring((instance) => {
    instance.get('/second', onward, answering);
    instance.get('/many', [onward, noting('first')], onward, noting('second'), answering);
    instance.all('/all', onward, answering);
    instance.route('/route').all(onward, noting('first')).get(onward, answering);
    instance.get('/handled', onward, failing, answeringErrors);
    instance.get('/unhandled', onward, failing);
    instance.param('id', (req, _res, next) => {
      note(req, 'first');
      ask(() => next());
    });
    instance.param('id', (req, _res, next) => {
      note(req, 'second');
      ask(() => next());
    });
    instance.get('/param/:id', answering);
    const router = aRouter();
    instance.use('/router', router);
    router.get('/late', onward, noting('first'), answering);
    instance.use('/several', [Router().use(onward, noting('several')), aRouter()]);
    const mounted = express();
    mounted.use('/router', aRouter());
    instance.use('/mounted', mounted);
    mounted.use(onward, noting('mounted'));
    mounted.get('/page', onward, answering);
    instance.use('/mounted', noting('after'));
    instance.use('/mounted', answering);
    instance.engine('txt', (_path, _options, callback) => ask(() => callback(null, 'rendered')));
    instance.set('views', folder.path).set('view engine', 'txt');
    instance.get('/render', (_req, res) => {
      res.render('page', (error: unknown, text: string) => void res.json({ error, text, callback: who() }));
    });
    instance.get('/render/options', (_req, res) => {
      res.render('page', {}, () => void res.json({ callback: who() }));
    });
    instance.use('/files', onward, express.static(folder.path), noting('fallthrough'), answering);
    instance.use(
      (error: unknown, req: express.Request, res: express.Response, next: express.NextFunction) => {
        if (req.path === '/unhandled') answeringErrors(error, req, res, next);
        else next(error);
      },
    );
  });

  beforeAll(async () => {
    folder = await TempFolder.make({ 'page.txt': 'page' });
    app = await TestApp.start('express', {
      imports: [wired, ConsumingModule],
      controllers: [LivePages, PageController],
    });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  it.each<[string, object]>([
    ['/second', { handler: 'bob' }],
    ['/many', { first: 'bob', second: 'bob', handler: 'bob' }],
    ['/all', { handler: 'bob' }],
    ['/route', { first: 'bob', handler: 'bob' }],
    ['/handled', { errors: 'bob' }],
    ['/unhandled', { errors: 'bob' }],
    ['/param/1', { first: 'bob', second: 'bob', handler: 'bob' }],
    ['/nest/1', { handler: 'bob' }],
    ['/files/absent', { fallthrough: 'bob', handler: 'bob' }],
    ['/render', { error: null, text: 'rendered', callback: 'bob' }],
    ['/render/options', { callback: 'bob' }],
  ])('each handler has its own session: %s', async (path, seen) => {
    expect((await asBob(path)).body).toEqual(seen);
  });

  it.each(Object.entries(ROUTER_PAGES))(
    'each handler in a router has its own session: %s',
    async (path, seen) => {
      expect((await asBob(`/router/${path}`)).body).toEqual(seen);
      expect((await asBob(`/several/${path}`)).body).toEqual({ several: 'bob', ...seen });
      expect((await asBob(`/mounted/router/${path}`)).body).toEqual(seen);
    },
  );

  it.each(Object.entries(ROUTER_PAGES))(
    'each handler in a router that MiddlewareConsumer applies has its own session: %s',
    async (path, seen) => {
      expect((await asBob(`/consumed/${path}`)).body).toEqual(seen);
    },
  );

  it('a handler added to a router after it was mounted has its own session', async () => {
    expect((await asBob('/router/late')).body).toEqual({ layer: 'bob', first: 'bob', handler: 'bob' });
  });

  it('handlers added to a router, a route and a parameter after the first request have their own session', async () => {
    const router = Router();
    const route = router.route('/page/:id').all(onward);
    const wiredLater = wiring((instance) => instance.use(router));
    await using other = await TestApp.start('express', { imports: [wiredLater], controllers: [LivePages] });
    await live.asBob(other.url, (bob) => bob.get('/page/1').expect(404));
    router.param('id', (req, _res, next) => {
      note(req, 'first');
      ask(() => next());
    });
    router.param('id', (req, _res, next) => {
      note(req, 'second');
      next();
    });
    route.get(onward, noting('route'), onward);
    router.get('/page/:id', onward, answering);
    const { body } = await live.asBob(other.url, (bob) => bob.get('/page/1'));
    expect(body).toEqual({ first: 'bob', second: 'bob', route: 'bob', handler: 'bob' });
  });

  it('handlers in an application without sessions of its own, and those after it, have their own session', async () => {
    expect((await asBob('/mounted/page')).body).toEqual({ mounted: 'bob', handler: 'bob' });
    expect((await asBob('/mounted/absent')).body).toEqual({ mounted: 'bob', after: 'bob', handler: 'bob' });
  });

  it('handlers in an application of another copy of Express have their own session', async () => {
    const mounted = anotherExpress()();
    mounted.use(onward, noting('mounted'));
    mounted.get('/page', onward, answering);
    const deeper = anotherExpress()();
    deeper.get('/page', onward, answering);
    const router = anotherExpress().Router();
    router.get('/page', onward, answering);
    mounted.use('/router', router);
    const wiredOther = wiring((instance) => {
      instance.use('/mounted', [mounted]);
      mounted.use('/deeper', deeper);
    });
    await using other = await TestApp.start('express', { imports: [wiredOther], controllers: [LivePages] });
    const seen = async (path: string) => (await live.asBob(other.url, (bob) => bob.get(path))).body;
    expect(await seen('/mounted/page')).toEqual({ mounted: 'bob', handler: 'bob' });
    expect(await seen('/mounted/deeper/page')).toEqual({ mounted: 'bob', handler: 'bob' });
    expect(await seen('/mounted/router/page')).toEqual({ mounted: 'bob', handler: 'bob' });
  });

  it('a handler that answers HEAD has its own session', async () => {
    let seen: unknown;
    const wiredHead = wiring((instance) => {
      instance.get('/head', onward, (_req, res) => {
        seen = who();
        res.end();
      });
    });
    await using other = await TestApp.start('express', { imports: [wiredHead], controllers: [LivePages] });
    await live.asBob(other.url, (bob) => bob.head('/head').expect(200));
    expect(seen).toBe('bob');
  });
});

describe('two applications of Express with routers and parameters, one mounted below the other', () => {
  const passing = (instance: Express, name: string): void => {
    instance.param('id', (req, _res, next) => {
      note(req, `${name}, parameter`);
      ask(() => next());
    });
    const router = Router();
    router.param('id', (req, _res, next) => {
      note(req, `${name}, parameter of the router`);
      ask(() => next());
    });
    router.use(onward, noting(`${name}, router`));
    router.get('/:id', onward, noting(`${name}, route of the router`));
    instance.use('/pages', router);
    instance.get('/pages/:id', onward, noting(`${name}, route`));
  };

  const seenIn = (name: string, whose: string): object =>
    Object.fromEntries(
      ['parameter', 'parameter of the router', 'router', 'route of the router', 'route'].map((where) => [
        `${name}, ${where}`,
        whose,
      ]),
    );

  @Controller()
  class SignInController {
    @Get('in')
    signIn(@Session() session: Session, @Query('user') user: string) {
      session.put('user', user);
      return {};
    }
  }

  it.each(['an application', 'a router'])('each has its own session, below %s', async (below) => {
    const late = Router();
    const ofInner = wiring((instance) => {
      instance.use('/late', late);
      passing(instance, 'inner');
      // Nest would answer unknown paths, but the outer application is to continue.
      instance.use('/pages', (_req, _res, next) => ask(() => next('router')));
    });
    @Module({
      imports: [
        SessionModule.forRoot({ secret: SECRET, driver: 'memory', cookie: { name: 'inner' } }),
        ofInner,
      ],
      controllers: [SignInController],
    })
    class InnerModule {}
    const inner = await NestFactory.create<NestExpressApplication>(InnerModule, { logger: false });
    await inner.init();
    const ofOuter = wiring((instance) => {
      instance.use('/below', onward);
      const mounted: Express = inner.getHttpAdapter().getInstance();
      if (below === 'a router') instance.use(Router().use('/below', onward, mounted));
      else instance.use('/below', mounted);
      instance.use('/below', onward, noting('outer, afterwards'));
      passing(instance, 'outer');
      instance.get(['/below/pages/:id', '/pages/:id'], onward, answering);
    });
    @Module({
      imports: [
        SessionModule.forRoot({ secret: SECRET, driver: 'memory', cookie: { name: 'outer' } }),
        ofOuter,
      ],
      controllers: [LivePages],
    })
    class OuterModule {}
    const outer = await NestFactory.create<NestExpressApplication>(OuterModule, { logger: false });
    await outer.listen(0, '127.0.0.1');
    try {
      const url = await outer.getUrl();
      const asBob = (path: string) =>
        live.asBob(url, async (bob) => {
          await bob.get('/below/in?user=bob, inside').expect(200);
          return bob.get(path);
        });
      expect((await asBob('/pages/1')).body).toEqual({ ...seenIn('outer', 'bob'), handler: 'bob' });
      expect((await asBob('/below/pages/1')).body).toEqual({
        ...seenIn('inner', 'bob, inside'),
        'outer, afterwards': 'bob',
        'outer, parameter': 'bob',
        handler: 'bob',
      });
      late.get('/:id', onward, answering);
      expect((await asBob('/below/late/1')).body).toEqual({ handler: 'bob, inside' });
    } finally {
      await outer.close();
      await inner.close();
    }
  });
});
