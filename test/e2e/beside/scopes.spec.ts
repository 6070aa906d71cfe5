import { connect } from 'node:http2';
import { Controller, Get, Headers, Inject, Injectable, Module, Post, Scope } from '@nestjs/common';
import {
  type ContextId,
  ContextIdFactory,
  type ContextIdStrategy,
  type HostComponentInfo,
  LazyModuleLoader,
  REQUEST,
} from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Flash, Session, SessionModule } from 'nestjs-session-kit';
import { PLATFORMS, TestApp, UNHURRIED } from '../../support/test-app.js';

/** One context for all requests of a tenant. */
class TenantStrategy implements ContextIdStrategy {
  readonly #tenants = new Map<string, ContextId>();

  attach(contextId: ContextId, request: { headers: Record<string, string | undefined> }) {
    const tenant = request.headers['x-tenant'] ?? '';
    const shared = this.#tenants.get(tenant) ?? ContextIdFactory.create();
    this.#tenants.set(tenant, shared);
    return {
      resolve: (info: HostComponentInfo) => (info.isTreeDurable ? shared : contextId),
      payload: { tenant },
    };
  }
}

let made = 0;

@Injectable({ scope: Scope.REQUEST, durable: true })
class TenantService {
  readonly number = (made += 1);

  constructor(@Inject(REQUEST) private readonly shared: { tenant: string }) {}

  visit(): object {
    return { tenant: this.shared.tenant, visits: Session.increment('visits') };
  }
}

@Controller({ path: 'tenant', scope: Scope.REQUEST, durable: true })
class TenantController {
  constructor(private readonly tenants: TenantService) {}

  @Get('facade')
  facade() {
    return { ...this.tenants.visit(), made: this.tenants.number };
  }

  @Get('parameter')
  parameter(@Session() session: Session, @Headers('x-tenant') tenant: string) {
    return { tenant, visits: session.get('visits', 0) };
  }
}

@Injectable()
class LazyService {
  visit(): number {
    return Session.increment('visits');
  }
}

@Module({ providers: [LazyService], exports: [LazyService] })
class LazyModule {}

@Controller('lazy')
class LazyController {
  constructor(private readonly loader: LazyModuleLoader) {}

  @Get()
  async visit() {
    const module = await this.loader.load(() => LazyModule);
    return { visits: module.get(LazyService).visit() };
  }
}

describe.each(PLATFORMS)('on %s', (platform) => {
  let app: TestApp;
  beforeAll(async () => {
    ContextIdFactory.apply(new TenantStrategy());
    app = await TestApp.start(platform, {
      controllers: [TenantController, LazyController],
      providers: [TenantService],
    });
  });
  afterAll(async () => {
    Reflect.set(ContextIdFactory, 'strategy', undefined);
    await app[Symbol.asyncDispose]();
  });

  it('a durable provider, shared by the requests of a tenant, sees the session of each', async () => {
    const [one, other, elsewhere] = [app.visitor(), app.visitor(), app.visitor()];
    const first = await one.get('/tenant/facade').set('x-tenant', 'a').expect(200);
    expect(first.body).toMatchObject({ tenant: 'a', visits: 1 });
    const second = await other.get('/tenant/facade').set('x-tenant', 'a').expect(200);
    expect(second.body).toEqual(first.body);
    const third = await one.get('/tenant/facade').set('x-tenant', 'a').expect(200);
    expect(third.body).toEqual({ ...first.body, visits: 2 });
    const apart = await elsewhere.get('/tenant/facade').set('x-tenant', 'b').expect(200);
    expect(apart.body).toMatchObject({ tenant: 'b', visits: 1 });
    expect(apart.body.made).not.toBe(first.body.made);
    await one.get('/tenant/parameter').set('x-tenant', 'a').expect(200, { tenant: 'a', visits: 2 });
    await other.get('/tenant/parameter').set('x-tenant', 'a').expect(200, { tenant: 'a', visits: 1 });
  });

  it('a provider of a lazy-loaded module sees the session of each request', async () => {
    const [one, other] = [app.visitor(), app.visitor()];
    await one.get('/lazy').expect(200, { visits: 1 });
    await one.get('/lazy').expect(200, { visits: 2 });
    await other.get('/lazy').expect(200, { visits: 1 });
  });
});

@Controller()
class PlainController {
  @Post('name')
  name(@Session() session: Session) {
    session.put('name', 'Ada').flash('status', 'Hello');
    return {};
  }

  @Get('name')
  read(@Session('name') name: string | undefined, @Flash('status') status: string | undefined) {
    return { name: name ?? null, status: status ?? null };
  }

  @Get('none')
  none() {
    return {};
  }
}

describe('over HTTP/2', () => {
  it('keeps values and messages, and sends a cookie only with the first write', async () => {
    const testing = await Test.createTestingModule({
      imports: [SessionModule.forRoot(UNHURRIED)],
      controllers: [PlainController],
    }).compile();
    const app = testing.createNestApplication(new FastifyAdapter({ http2: true }), { logger: false });
    await app.listen(0, '127.0.0.1');
    const client = connect(await app.getUrl());
    const send = (method: string, path: string, cookie?: string) =>
      new Promise<{ body: unknown; cookies: string[] }>((resolve, reject) => {
        const stream = client.request({
          ':method': method,
          ':path': path,
          ...(cookie === undefined ? {} : { cookie }),
        });
        let cookies: string[] = [];
        let text = '';
        stream.on('response', (headers) => (cookies = headers['set-cookie'] ?? []));
        stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        stream.on('end', () => resolve({ body: JSON.parse(text), cookies }));
        stream.on('error', reject).end();
      });
    try {
      expect(await send('GET', '/none')).toEqual({ body: {}, cookies: [] });
      const { cookies } = await send('POST', '/name');
      expect(cookies).toEqual([expect.stringMatching(/^session=/)]);
      const cookie = cookies[0]?.split(';')[0];
      const answers = [await send('GET', '/name', cookie), await send('GET', '/name', cookie)];
      expect(answers).toEqual([
        { body: { name: 'Ada', status: 'Hello' }, cookies: [] },
        { body: { name: 'Ada', status: null }, cookies: [] },
      ]);
    } finally {
      client.close();
      await app.close();
    }
  });
});
