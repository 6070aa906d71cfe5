import { type ArgumentsHost, Catch, type HttpServer, NotFoundException } from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter } from '@nestjs/core';
import type { Request } from 'express';
import type { FastifyRequest } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type SessionCookieOptions,
  SessionMiddleware,
  type SessionModuleOptions,
  type TenantRequest,
} from 'nestjs-session-kit';
import { type Handler, HandlerApp, type RequestInit } from '../support/handler-app.js';
import { HEADER, tokenOf } from '../support/header-client.js';
import { PlaceJar } from '../support/place-jar.js';
import { TempFolder } from '../support/temp-folder.js';
import { PLATFORMS, type Platform, expiresPiece } from '../support/test-app.js';
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js';

/** A browser that visits the hosts of several tenants of one application. */
class Visitor {
  readonly jar = new PlaceJar();
  readonly #app: HandlerApp;

  constructor(app: HandlerApp) {
    this.#app = app;
  }

  async handle<T>(host: string, handler: Handler<T>, init: RequestInit = {}) {
    const cookie = this.jar.header(host, '/');
    const headers = { host, ...(cookie === '' ? {} : { cookie }), ...init.headers };
    const handled = await this.#app.visitor().handle(handler, { ...init, headers });
    this.jar.take(host, handled.cookies);
    return handled;
  }

  async in<T>(host: string, handler: Handler<T>, init: RequestInit = {}): Promise<T> {
    return (await this.handle(host, handler, init)).value;
  }

  user(host: string, init?: RequestInit): Promise<string> {
    return this.in(host, (session) => session.get<string>('userId', 'nobody'), init);
  }

  /** Signs in as a user named after the host. @returns the token */
  async signIn(host: string): Promise<string> {
    const { asHeaders } = await this.handle(host, (session) => session.put('userId', `ann of ${host}`));
    return asHeaders.cookie;
  }
}

refuseUnhandledRejections();

const errors: unknown[] = [];

/** Records the errors that exception filters get. */
@Catch()
class NotingFilter extends BaseExceptionFilter {
  override handleUnknownError(error: unknown, host: ArgumentsHost, server: HttpServer): void {
    errors.push(error);
    super.handleUnknownError(error, host, server);
  }
}

const domainOf = ({ hostname }: TenantRequest): string | undefined =>
  hostname.endsWith('.test') ? hostname.split('.').slice(-2).join('.') : undefined;

const nameOf = ({ hostname }: TenantRequest): string => `sid-${hostname.split('.').at(-2)}`;

const WAYS = PLATFORMS.flatMap((platform) =>
  ['file', 'stealth'].map((driver): [Platform, string] => [platform, driver]),
);

describe.each(WAYS)('On %s with %s, the cookies of tenants', (platform, driver) => {
  const open: HandlerApp[] = [];
  let folder: TempFolder;
  beforeAll(async () => {
    folder = await TempFolder.make();
  });
  afterAll(() => folder[Symbol.asyncDispose]());
  const start = async (cookie: SessionCookieOptions, options: Partial<SessionModuleOptions> = {}) => {
    const file = { location: folder.path };
    const app = await HandlerApp.start(platform, { options: { driver, file, cookie, ...options } });
    open.push(app);
    return app;
  };
  afterEach(async () => {
    await Promise.all(open.splice(0).map((app) => app[Symbol.asyncDispose]()));
  });

  it('have the domain that a function of the request returns: each tenant has its own', async () => {
    const visitor = new Visitor(await start({ domain: domainOf }));
    await visitor.signIn('www.a.test');
    await visitor.signIn('www.b.test');
    await visitor.signIn('localhost');
    expect(visitor.jar.places).toEqual(['session .a.test /', 'session .b.test /', 'session localhost /']);
    expect(await visitor.user('api.a.test')).toBe('ann of www.a.test');
    expect(await visitor.user('b.test')).toBe('ann of www.b.test');
    expect(await visitor.user('localhost')).toBe('ann of localhost');
    const seen = await visitor.in('www.a.test', (session, { req }) => ({
      id: session.id,
      sessionID: req['sessionID'],
      cookie: JSON.parse(JSON.stringify((req.session as { cookie: unknown }).cookie)) as unknown,
    }));
    expect(seen.sessionID).toBe(seen.id);
    expect(seen.cookie).toMatchObject({ domain: 'a.test' });
  });

  it('have the name that a function returns, and the default if it returns undefined', async () => {
    const name = (request: TenantRequest) => (request.hostname === 'localhost' ? undefined : nameOf(request));
    const visitor = new Visitor(await start({ name }));
    await visitor.signIn('www.a.test');
    await visitor.signIn('localhost');
    expect(visitor.jar.places).toEqual(['session localhost /', 'sid-a www.a.test /']);
    expect(await visitor.user('www.a.test')).toBe('ann of www.a.test');
  });

  it.each(['domain', 'name', 'both'])('open nothing at another tenant: %s', async (what) => {
    const cookie = {
      ...(what === 'name' ? {} : { domain: domainOf }),
      ...(what === 'domain' ? {} : { name: nameOf }),
    };
    const visitor = new Visitor(await start(cookie));
    const token = (await visitor.signIn('www.a.test')).replace(/^[^=]*=/, '');
    // Caches the token there.
    await visitor.user('www.a.test');
    for (const name of ['session', 'sid-a', 'sid-b']) {
      const thief = new Visitor(open[0] ?? expect.unreachable());
      const init = { headers: { cookie: `${name}=${token}` } };
      expect(await thief.user('www.b.test', init)).toBe('nobody');
    }
    expect(await visitor.user('www.a.test')).toBe('ann of www.a.test');
  });

  it('cannot be moved to another tenant by their signed id either', async () => {
    if (driver === 'stealth') return;
    const visitor = new Visitor(await start({ domain: domainOf }));
    await visitor.signIn('a.test');
    const signedId = await visitor.in('a.test', (session) => session.signedId);
    expect(await visitor.in('b.test', (session) => session.setSignedId(signedId))).toBe(false);
    expect(await visitor.in('a.test', (session) => session.setSignedId(signedId) !== false)).toBe(true);
  });

  it('are expired in their place, with the attributes that they were set with', async () => {
    const visitor = new Visitor(await start({ domain: domainOf, name: nameOf, priority: 'high' }));
    await visitor.signIn('www.a.test');
    await visitor.signIn('www.b.test');
    const { cookies } = await visitor.handle('a.test', (session) => session.destroy());
    expect(cookies.filter((each) => !expiresPiece(each))).toEqual([
      expect.stringMatching(
        /^sid-a=; Max-Age=0; .*; Domain=a.test; Path=\/; HttpOnly; Priority=High; SameSite=Lax$/,
      ),
    ]);
    expect(visitor.jar.places).toEqual(['sid-b .b.test /']);
  });

  it('are taken over from before there were tenants, and from the old place of a tenant', async () => {
    const before = await start({ name: 'sid' });
    const visitor = new Visitor(before);
    const token = await visitor.signIn('www.a.test');
    const moved = new Visitor(
      await start({ domain: domainOf, formerly: [{ name: 'sid' }, { domain: 'a.test' }, {}] }),
    );
    moved.jar.take('www.a.test', [`${token}; Path=/`]);
    const taken = await moved.handle('www.a.test', (session) => session.get('userId'));
    expect(taken.value).toBe('ann of www.a.test');
    expect(moved.jar.places).toEqual(['session .a.test /']);
    const toHost = new Visitor(
      await start({ name: nameOf, formerly: [{ name: 'session', domain: 'a.test' }] }),
    );
    toHost.jar.take('www.a.test', taken.cookies);
    expect(await toHost.user('www.a.test')).toBe('ann of www.a.test');
    expect(toHost.jar.places).toEqual(['sid-a www.a.test /']);
  });

  it('open nothing at another tenant that `formerly` names', async () => {
    const visitor = new Visitor(await start({ domain: domainOf, formerly: [{ domain: 'a.test' }] }));
    const cookie = await visitor.signIn('www.a.test');
    expect(await visitor.user('www.b.test', { headers: { cookie } })).toBe('nobody');
  });

  it('are separate from the header, which opens nothing at another tenant', async () => {
    const visitor = new Visitor(await start({ domain: domainOf }, { header: HEADER }));
    const signedIn = await visitor.handle('a.test', (session) => session.put('userId', 'ann'), {
      headers: { [HEADER]: 'new' },
    });
    const init = { headers: { [HEADER]: tokenOf(signedIn) ?? '' } };
    expect([await visitor.user('www.a.test', init), await visitor.user('b.test', init)]).toEqual([
      'ann',
      'nobody',
    ]);
    expect(visitor.jar.places).toEqual([]);
  });
});

describe.each(PLATFORMS)('On %s, a function of the option', (platform) => {
  let app: HandlerApp;
  let answer: (request: TenantRequest) => unknown;
  let asked: TenantRequest[] = [];

  beforeAll(async () => {
    app = await HandlerApp.start(platform, {
      providers: [{ provide: APP_FILTER, useClass: NotingFilter }],
      options: {
        exclude: ['/health'],
        cookie: {
          secure: true,
          // As an application without types may write it.
          domain: ((request: TenantRequest) => {
            asked.push(request);
            return answer(request);
          }) as (request: TenantRequest) => string,
          name: ({ headers }) => headers['x-name']?.toString(),
        },
      },
    });
  });
  afterAll(() => app[Symbol.asyncDispose]());
  afterEach(() => void (asked = []));

  it("is called once per request, with the platform's request, and not on an excluded route", async () => {
    answer = () => undefined;
    const host = 'www.a.test:8080';
    const { response } = await app.visitor().handle((session) => session.put('a', 1), { headers: { host } });
    expect(response.status).toBe(200);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ hostname: 'www.a.test', protocol: 'http', ip: '127.0.0.1' });
    expect(asked[0]).toHaveProperty(platform === 'express' ? 'app' : 'routeOptions');
    await app.visitor().agent.get('/health');
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['a number', () => 5, /domain' is a function that returned 5; it has to return text, or undefined/],
    ['empty text', () => '', /returned ""/],
    ['null', () => null, /returned null/],
    ['a promise', () => Promise.resolve('a.test'), /returned an object of Promise; .* at once/],
    [
      'a promise that is rejected',
      () => Promise.reject(new Error('No such shop.')),
      /returned an object of Promise; .* at once/,
    ],
    ['no domain', () => 'a.test; Path=/', /'cookie\.domain' got .*which cannot be written as a cookie/],
    [
      'a host with its port',
      () => 'a.test:8080',
      /'cookie\.domain' got .*which cannot be written as a cookie/,
    ],
  ])('that returns %s causes an error that says so', async (_what, wrong, says) => {
    answer = wrong;
    await expectError(app, {}, says);
  });

  it('that contradicts the other attributes causes an error that says so', async () => {
    answer = () => 'a.test';
    await expectError(
      app,
      { 'x-name': '__Host-session' },
      /"__Host-session" needs secure: true, path '\/' and no domain/,
    );
    await expectError(
      app,
      { 'x-name': 'a b' },
      /'cookie\.name' got "a b", which cannot be written as a cookie/,
    );
    answer = () => undefined;
    const handled = await app
      .visitor()
      .handle((session) => session.put('a', 1), { headers: { 'x-name': '__Host-session' } });
    expect(handled.cookies[0]).toMatch(/^__Host-session=/);
  });

  it('that throws is answered by the exception filters, such as with a 404 for an unknown tenant', async () => {
    answer = () => {
      throw new NotFoundException('No such shop.');
    };
    const { response } = await app.visitor().handle(() => undefined, { status: 404 });
    expect(response.text).toContain('No such shop.');
    answer = () => {
      throw new Error('a secret of the application');
    };
    const failed = await app.visitor().handle(() => undefined, { status: 500 });
    expect(failed.response.text).not.toContain('secret');
  });

  it.each([undefined, null, '', 0, false, 'route', 'router', 'a text', 404])(
    'that throws %j, which is no error, is answered as if it threw one that says so',
    async (thrown) => {
      answer = () => {
        throw thrown;
      };
      const shown = typeof thrown === 'string' ? `"${thrown}"` : String(thrown);
      await expectError(
        app,
        {},
        new RegExp(`domain' is a function that threw ${shown}; it has to throw errors`),
      );
    },
  );
});

it.each(PLATFORMS)(
  'With middleware, a function of the option gets the host as well, on %s',
  async (platform) => {
    const seen: unknown[] = [];
    await using app = await HandlerApp.start(platform, {
      // Typed by one platform, as an application that runs on one of them may.
      options: { cookie: { domain: (request: Request | FastifyRequest) => domainOf(request) } },
      configure: (application) => {
        const sessions = application.get(SessionMiddleware);
        application.use(sessions.use.bind(sessions));
        application.use((req: { session?: { userId?: string } }, _res: unknown, next: () => void) => {
          seen.push(req.session?.userId);
          next();
        });
      },
    });
    const visitor = new Visitor(app);
    await visitor.signIn('www.a.test');
    expect(visitor.jar.places).toEqual(['session .a.test /']);
    expect(await visitor.user('www.a.test')).toBe('ann of www.a.test');
    expect(seen).toEqual([undefined, 'ann of www.a.test']);
  },
);

/** Expects this error in the exception filters, and nothing of it in the response. */
async function expectError(
  app: HandlerApp,
  headers: Readonly<Record<string, string>>,
  says: RegExp,
): Promise<void> {
  const { response } = await app.visitor().handle(() => undefined, { headers, status: 500 });
  expect(response.text).not.toMatch(says);
  expect(String(errors.at(-1))).toMatch(says);
}
