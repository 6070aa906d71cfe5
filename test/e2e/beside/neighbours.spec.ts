import fastifyCompress from '@fastify/compress';
import {
  ClassSerializerInterceptor,
  Controller,
  Get,
  Injectable,
  Module,
  Post,
  Req,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ServeStaticModule } from '@nestjs/serve-static';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { Exclude, Expose } from 'class-transformer';
import compression from 'compression';
import { csrfSync } from 'csrf-sync';
import helmet from 'helmet';
import { ClsModule, ClsService } from 'nestjs-cls';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session, SessionMiddleware, SessionModule } from 'nestjs-session-kit';
import { TempFolder } from '../../support/temp-folder.js';
import { PLATFORMS, TestApp, type TestApplication, UNHURRIED, setCookies } from '../../support/test-app.js';

class Account {
  @Expose()
  name: string;
  @Exclude()
  password = 'secret';

  constructor(name: string) {
    this.name = name;
  }
}

@Injectable()
class SeenListener {
  @OnEvent('seen')
  count(page: string): void {
    Session.push('seen', page);
  }

  @OnEvent('seen.later')
  async countLater(page: string): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    Session.push('seen', page);
  }
}

@Controller('name')
class NameController {
  @Post()
  name(@Session() session: Session) {
    session.put('name', 'Ada').flash('status', 'Hello');
    return {};
  }

  @Get()
  read(@Session() session: Session) {
    return { name: session.get('name', null), status: session.get('status', null) };
  }
}

@Controller()
class PageController {
  constructor(
    private readonly events: EventEmitter2,
    private readonly cls: ClsService,
  ) {}

  @Get('long')
  long(@Session() session: Session) {
    return { visits: session.increment('visits'), text: 'x'.repeat(4096) };
  }

  @Get('limited')
  @UseGuards(ThrottlerGuard)
  limited() {
    return {};
  }

  @Get('cls')
  async inCls() {
    return this.cls.run({ ifNested: 'inherit' }, async () => {
      await Promise.resolve();
      Session.increment('looked');
      return { before: this.cls.get('name'), now: Session.get('name', null), looked: Session.get('looked') };
    });
  }

  @Get('events')
  async emit(@Session() session: Session) {
    this.events.emit('seen', 'first');
    await this.events.emitAsync('seen.later', 'second');
    return session.get('seen');
  }

  @Get('seen')
  seen(@Session('seen') seen: unknown) {
    return seen;
  }

  @Get('account')
  @UseInterceptors(ClassSerializerInterceptor)
  account(@Session() session: Session) {
    session.put('name', 'Ada');
    return { account: new Account('Ada'), session };
  }

  @Get('token')
  token(@Req() req: TokenRequest) {
    return { token: tokenOf(req) };
  }

  @Post('protected')
  protected() {
    return {};
  }
}

interface TokenRequest {
  csrfToken?(): string;
  readonly raw?: { csrfToken(): string };
}

/** csrf-sync is middleware: on Fastify it works on the request of Node itself. */
function tokenOf(req: TokenRequest): string | undefined {
  return req.csrfToken?.() ?? req.raw?.csrfToken();
}

const { csrfSynchronisedProtection } = csrfSync({
  skipCsrfProtection: ({ url }) => url !== '/protected',
});

async function useNeighbours(nest: TestApplication): Promise<void> {
  const adapter = nest.getHttpAdapter();
  nest.use(helmet());
  if (adapter instanceof FastifyAdapter) {
    await adapter.getInstance().register(fastifyCompress, { threshold: 0 });
  } else {
    nest.use(compression({ threshold: 0 }));
  }
  const sessions = nest.get(SessionMiddleware);
  nest.use(sessions.use.bind(sessions));
  nest.use(csrfSynchronisedProtection);
}

describe.each(PLATFORMS)('an application with many libraries on %s', (platform) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(platform, {
      imports: [
        ThrottlerModule.forRoot({
          throttlers: [{ limit: 2, ttl: 600_000 }],
          getTracker: ({ session, ip }) => (session.stored ? Session.handle : ip),
        }),
        ClsModule.forRoot({
          global: true,
          middleware: {
            mount: true,
            setup: (cls, req: { session: { name?: string } }) => cls.set('name', req.session.name ?? null),
          },
        }),
        EventEmitterModule.forRoot(),
      ],
      controllers: [NameController, PageController],
      providers: [SeenListener],
      configure: useNeighbours,
    });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  async function ada(): Promise<ReturnType<TestApp['visitor']>> {
    const visitor = app.visitor();
    await visitor.post('/name').expect(201);
    return visitor;
  }

  it('sends the headers of helmet beside the cookie', async () => {
    const response = await app.visitor().post('/name').expect(201);
    expect(response.headers['x-content-type-options']).toBe('nosniff');
    expect(setCookies(response)).toEqual([expect.stringMatching(/^session=/)]);
  });

  it('compresses a response that waits for a commit, and sends the cookie with it', async () => {
    const visitor = app.visitor();
    for (const visits of [1, 2]) {
      const response = await visitor.get('/long').set('accept-encoding', 'gzip').expect(200);
      expect(response.headers['content-encoding']).toBe('gzip');
      expect(response.body).toEqual({ visits, text: 'x'.repeat(4096) });
    }
  });

  it('throttles each session separately, and visitors without one by their address', async () => {
    const [one, other] = [await ada(), await ada()];
    for (const visitor of [one, other, app.visitor()]) {
      await visitor.get('/limited').expect(200);
      await visitor.get('/limited').expect(200);
      await visitor.get('/limited').expect(429);
    }
    await app.visitor().get('/limited').expect(429);
  });

  it('finds the session in the setup of nestjs-cls, and by the facade inside its context', async () => {
    const visitor = await ada();
    await visitor.get('/cls').expect(200, { before: 'Ada', now: 'Ada', looked: 1 });
    await visitor.get('/cls').expect(200, { before: 'Ada', now: 'Ada', looked: 2 });
  });

  it('stores what listeners of @nestjs/event-emitter write during the request that emitted', async () => {
    const visitor = app.visitor();
    await visitor.get('/events').expect(200, ['first', 'second']);
    await visitor.get('/seen').expect(200, ['first', 'second']);
  });

  it('lets ClassSerializerInterceptor send the session values and leave out excluded properties', async () => {
    await app
      .visitor()
      .get('/account')
      .expect(200, { account: { name: 'Ada' }, session: { name: 'Ada' } });
  });

  it('accepts a form with the token that csrf-sync keeps in the session', async () => {
    const visitor = app.visitor();
    const { token } = (await visitor.get('/token').expect(200)).body;
    await visitor.post('/protected').set('x-csrf-token', token).expect(201);
    await app.visitor().post('/protected').set('x-csrf-token', token).expect(403);
  });
});

describe.each(PLATFORMS)('@nestjs/serve-static on %s', (platform) => {
  it('serves files without a cookie, and consumes no flash messages', async () => {
    await using folder = await TempFolder.make({ 'page.html': '<h1>Static</h1>' });
    @Module({
      imports: [
        SessionModule.forRoot(UNHURRIED),
        ServeStaticModule.forRoot({ rootPath: folder.path, serveRoot: '/assets' }),
      ],
      controllers: [NameController],
    })
    class StaticModule {}
    // Not with @nestjs/testing: it asks for the platform before a test application has one.
    const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
    const app = await NestFactory.create(StaticModule, adapter, {
      logger: false,
      forceCloseConnections: true,
    });
    try {
      await app.listen(0, '127.0.0.1');
      const visitor = request.agent(await app.getUrl());
      const stranger = await visitor.get('/assets/page.html').expect(200);
      expect([stranger.text, setCookies(stranger)]).toEqual(['<h1>Static</h1>', []]);
      await visitor.post('/name').expect(201);
      expect(setCookies(await visitor.get('/assets/page.html').expect(200))).toEqual([]);
      await visitor.get('/name').expect(200, { name: 'Ada', status: 'Hello' });
      await visitor.get('/name').expect(200, { name: 'Ada', status: null });
    } finally {
      await app.close();
    }
  });
});
