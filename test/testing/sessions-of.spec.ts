import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  RequestSession,
  Session,
  SessionConfigError,
  SessionManager,
  SessionModule,
  type SessionModuleOptions,
  SignedInGuard,
  SignedInWithin,
} from 'nestjs-session-kit';
import { sessionsOf, stopClock } from 'nestjs-session-kit/testing';
import { TempFolder } from '../support/temp-folder.js';
import { PLATFORMS, TestApp } from '../support/test-app.js';
import { isExpress } from '../support/views-of.js';

@Controller()
class AccountController {
  @Get('account')
  @UseGuards(SignedInGuard)
  account(@Session() session: RequestSession) {
    return { userId: session.userId, status: session.flashMessages.get('status', null) };
  }

  @Get('password')
  @SignedInWithin('10m')
  password() {
    return { ok: true };
  }

  @Get('page')
  page() {
    return { ok: true };
  }

  @Post('cart')
  add(@Session() session: RequestSession) {
    session.push('cart', 'tea').flash('status', 'Added.');
    return { ok: true };
  }

  @Post('long')
  long(@Session() session: RequestSession) {
    session.put('notes', 'x'.repeat(6000));
    return { ok: true };
  }

  @Post('sign-in')
  signIn(@Session() session: RequestSession) {
    session.signIn('ada', { remember: '30d' });
    return { ok: true };
  }

  @Post('sign-out')
  async signOut(@Session() session: RequestSession) {
    await session.destroy();
    return { ok: true };
  }
}

const start = (platform: (typeof PLATFORMS)[number], options: Partial<SessionModuleOptions> = {}) =>
  TestApp.start(platform, { controllers: [AccountController], options });

describe.each(PLATFORMS)('sessionsOf on %s', (platform) => {
  describe.each(['memory', 'stealth', 'file'])('with %s', (driver) => {
    let folder: TempFolder;
    let app: TestApp;

    beforeAll(async () => {
      folder = await TempFolder.make();
      app = await start(platform, { driver, file: { location: folder.path } });
    });

    afterAll(async () => {
      await app[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    });

    it('signs an agent in, with flash messages of the previous page', async () => {
      const visitor = await sessionsOf(app.app).sign(
        app.visitor(),
        { userId: '1' },
        { flash: { status: 'Saved.' } },
      );
      await visitor.get('/account').expect(200, { userId: '1', status: 'Saved.' });
      await visitor.get('/account').expect(200, { userId: '1', status: null });
      await visitor.get('/password').expect(200);
      await app.visitor().get('/account').expect(401);
    });

    it('creates a Cookie header for any client', async () => {
      const cookie = await sessionsOf(app.app).cookie({ userId: '1' });
      const response = await fetch(`${app.url}/account`, { headers: { cookie } });
      expect(await response.json()).toEqual({ userId: '1', status: null });
    });

    it('reports after a response what the next request would find, without consuming it', async () => {
      const sessions = sessionsOf(app.app);
      const visitor = await sessions.sign(app.visitor(), { userId: '1' });
      const response = await visitor.post('/cart').expect(201);
      for (let look = 0; look < 2; look += 1) {
        expect(await sessions.of(response)).toMatchObject({
          exists: true,
          values: { userId: '1', cart: ['tea'] },
          flash: { status: 'Added.' },
          userId: '1',
        });
      }
      await visitor.get('/account').expect(200, { userId: '1', status: 'Added.' });
    });

    it('finds the session of a request that changed nothing, and none if there is none', async () => {
      const sessions = sessionsOf(app.app);
      const visitor = await sessions.sign(app.visitor(), { cart: [] });
      const seen = await sessions.of(await visitor.get('/page'));
      expect([seen.values, seen.cookie, seen.userId]).toEqual([{ cart: [] }, null, null]);
      const none = await sessions.of(await app.visitor().get('/page'));
      expect(none).toMatchObject({ exists: false, values: {}, flash: {}, id: null, cookie: null });
    });

    it('reports how the cookie was set, and that it was expired', async () => {
      const sessions = sessionsOf(app.app);
      const visitor = await sessions.sign(app.visitor(), {});
      const signedIn = await sessions.of(await visitor.post('/sign-in'));
      expect(signedIn).toMatchObject({ userId: 'ada', duration: 30 * 24 * 3600 * 1000 });
      expect(signedIn.cookie).toMatchObject({
        name: 'session',
        expired: false,
        maxAge: 30 * 24 * 3600,
        path: '/',
        domain: undefined,
        httpOnly: true,
        secure: false,
        sameSite: 'lax',
      });
      const signedOut = await sessions.of(await visitor.post('/sign-out'));
      expect(signedOut).toMatchObject({ exists: false, userId: null, cookie: { expired: true } });
      await visitor.get('/account').expect(401);
    });

    it('replaces the session that the agent had before', async () => {
      const sessions = sessionsOf(app.app);
      const visitor = app.visitor();
      await visitor.post('/sign-in').expect(201);
      await sessions.sign(visitor, { userId: 'bob' });
      expect((await visitor.get('/account')).body).toMatchObject({ userId: 'bob' });
      await visitor.post('/sign-in').expect(201);
      expect((await visitor.get('/account')).body).toMatchObject({ userId: 'ada' });
    });

    it('lets time pass without sleeping: the password is asked for first, then the user is signed out', async () => {
      using clock = stopClock();
      const sessions = sessionsOf(app.app);
      const visitor = await sessions.sign(app.visitor(), { userId: '1' });
      clock.advance('11m');
      await visitor.get('/account').expect(200);
      await visitor.get('/password').expect(401);
      clock.advance('2h');
      await visitor.get('/account').expect(401);
    });

    it('reads a fetch response, given the sent cookie if the response sets none', async () => {
      const sessions = sessionsOf(app.app);
      const first = await fetch(`${app.url}/sign-in`, { method: 'POST' });
      expect((await sessions.of(first)).userId).toBe('ada');
      const sent = { cookie: await sessions.cookie({ cart: [] }) };
      const page = await fetch(`${app.url}/page`, { headers: sent });
      expect((await sessions.of(page, { sent })).values).toEqual({ cart: [] });
      await expect(sessions.of(page)).rejects.toThrow('{ sent: { cookie } }');
      expect((await sessions.of(sent.cookie)).values).toEqual({ cart: [] });
      const fromHost = { sent: { host: 'shop.example' } };
      expect((await sessions.of(sent.cookie, fromHost)).values).toEqual({ cart: [] });
    });
  });

  it("replaces the agent's cookie if the cookie has a path of its own", async () => {
    await using app = await start(platform, { cookie: { path: '/account' } });
    const sessions = sessionsOf(app.app);
    const visitor = app.visitor();
    await visitor.post('/sign-in').expect(201);
    await sessions.sign(visitor, { userId: 'bob' });
    expect((await visitor.get('/account')).body).toMatchObject({ userId: 'bob' });
    // Like a browser, which has no cookie for this path.
    expect((await sessions.of(await visitor.post('/cart'))).userId).toBeNull();
  });

  it('creates and reads a long sealed session in several cookies', async () => {
    await using app = await start(platform, { driver: 'stealth' });
    const sessions = sessionsOf(app.app);
    const visitor = await sessions.sign(app.visitor(), { userId: '1', notes: 'y'.repeat(5000) });
    await visitor.get('/account').expect(200);
    const { values } = await sessions.of(await visitor.post('/long').expect(201));
    expect(values['notes']).toBe('x'.repeat(6000));
    expect((await sessions.cookie({ notes: 'y'.repeat(5000) })).split('; ')).toHaveLength(2);
  });

  it('creates and reads tokens of clients without cookies', async () => {
    await using app = await start(platform, { header: 'X-Session' });
    const sessions = sessionsOf(app.app);
    const headers = await sessions.header({ userId: '1' });
    expect(Object.keys(headers)).toEqual(['X-Session']);
    const page = await request(app.url).get('/account').set(headers).expect(200);
    expect((await sessions.of(page)).userId).toBe('1');
    const signedIn = await request(app.url).post('/sign-in').set('X-Session', '').expect(201);
    expect(await sessions.of(signedIn)).toMatchObject({ userId: 'ada', cookie: null });
    const withCookie = await sessions.sign(app.visitor(), { userId: '2' });
    expect((await sessions.of(await withCookie.post('/cart'))).userId).toBe('2');
  });

  it('rejects with the name of the option if there is no header', async () => {
    await using app = await start(platform);
    await expect(sessionsOf(app.app).header()).rejects.toThrow("the option 'header'");
  });

  it('creates the cookie of the tenant of a given host', async () => {
    const name = ({ hostname }: { hostname: string }): string => `${hostname.split('.')[0]}-session`;
    await using app = await start(platform, { cookie: { name } });
    const sessions = sessionsOf(app.app);
    const cookie = await sessions.cookie({ userId: '1' }, { host: 'red.example' });
    expect(cookie).toMatch(/^red-session=/);
    const get = (host: string): request.Test =>
      request(app.url)
        .get('/account')
        .set({ host, cookie: cookie.replace(/^red/, host.split('.')[0] ?? '') });
    expect((await sessions.of(await get('red.example').expect(200))).userId).toBe('1');
    await get('blue.example').expect(401);
    const visitor = await sessions.sign(app.visitor(), { userId: '2' }, { host: 'red.example' });
    await visitor.get('/account').set('host', 'red.example').expect(200);
  });

  it.each<[string, string | number]>([
    ['a number', 7],
    ['a long text', 'x'.repeat(300)],
  ])('signs in like signIn, and the session is listed for its user: %s', async (_what, userId) => {
    await using app = await start(platform);
    using clock = stopClock();
    const { id, signedInAt } = await sessionsOf(app.app).of(await sessionsOf(app.app).cookie({ userId }));
    expect(signedInAt).toBe(clock.now());
    const [listed] = await app.get(SessionManager).list(userId);
    expect(listed).toMatchObject({ signedInAt });
    expect((await app.get(SessionManager).read(id ?? ''))?.values).toEqual({ userId });
  });

  it('keeps sessions apart: each cookie is a separate session', async () => {
    await using app = await start(platform);
    const sessions = sessionsOf(app.app);
    const [one, other] = await Promise.all([
      sessions.cookie({ userId: '1' }),
      sessions.cookie({ userId: '2' }),
    ]);
    expect((await sessions.of(one)).userId).toBe('1');
    expect((await sessions.of(other)).userId).toBe('2');
  });
});

describe('sessionsOf with app.inject', () => {
  it('finds the session among several cookies of the name, as the application does', async () => {
    await using app = await start('express', { driver: 'memory' });
    const sessions = sessionsOf(app.app);
    const cookie = await sessions.cookie({ userId: 'ada' });
    const sent = `session=of-another-path; ${cookie}`;
    expect((await sessions.of(await app.request.get('/page').set('cookie', sent))).userId).toBe('ada');
    expect((await sessions.of(sent)).userId).toBe('ada');
    const set = [`${cookie}; Path=/`, 'session=; Max-Age=0; Path=/former'];
    expect((await sessions.of({ headers: { 'set-cookie': set } })).userId).toBe('ada');
  });

  it('signs request options, and reads the response', async () => {
    await using app = await start('fastify');
    if (isExpress(app.app)) throw new Error('It is Fastify.');
    const sessions = sessionsOf(app.app);
    const page = await app.app.inject(
      await sessions.sign({ url: '/account', headers: { cookie: 'theme=dark' } }, { userId: '1' }),
    );
    expect(page.json()).toEqual({ userId: '1', status: null });
    expect((await sessions.of(page)).userId).toBe('1');
    const added = await app.app.inject({ method: 'POST', url: '/cart' });
    expect(await sessions.of(added)).toMatchObject({ values: { cart: ['tea'] }, cookie: { expired: false } });
  });

  it('needs no listening server', async () => {
    const module = await Test.createTestingModule({
      imports: [SessionModule.forTest()],
      controllers: [AccountController],
    }).compile();
    const app = module.createNestApplication();
    await app.init();
    const sessions = sessionsOf(app);
    const visitor = await sessions.sign(request.agent(app.getHttpServer()), { userId: '1' });
    await visitor.post('/sign-in').expect(201);
    await sessions.sign(visitor, { userId: '2' });
    expect((await visitor.get('/account').expect(200)).body).toMatchObject({ userId: '2' });
    await app.close();
  });
});

describe('sessionsOf', () => {
  it('says what to do if the application has no sessions', async () => {
    const module = await Test.createTestingModule({ controllers: [] }).compile();
    expect(() => sessionsOf(module)).toThrow(SessionConfigError);
    expect(() => sessionsOf(module)).toThrow(/found no SessionModule .* SessionModule\.forTest\(\)/);
  });

  it('says what it accepts when it is given no response', async () => {
    await using app = await start('express');
    for (const given of [undefined, null, 7, {}, Promise.resolve({ headers: {} })])
      await expect(sessionsOf(app.app).of(given as never)).rejects.toThrow(
        /of\(\) got .* it takes a response/,
      );
  });

  it.each(['cookie', 'header', 'sign'] as const)(
    'says what %s accepts when it is given no values, no options, or no messages',
    async (name) => {
      await using app = await start('express', { header: 'X-Session' });
      const sessions = sessionsOf(app.app);
      const call = (...given: unknown[]): Promise<unknown> =>
        Reflect.apply(sessions[name], sessions, name === 'sign' ? [{ url: '/' }, ...given] : given);
      await expect(call('1')).rejects.toThrow(
        `sessions.${name}() takes an object with the new values by their keys`,
      );
      await expect(call({}, null)).rejects.toThrow(`sessions.${name}() got null as its options`);
      await expect(call({}, 'flash')).rejects.toThrow(`sessions.${name}() got a text as its options`);
      await expect(call({}, { flash: 'Saved.' })).rejects.toThrow(`sessions.${name}() got a text as 'flash'`);
    },
  );

  it('says what it accepts when it is given no sent headers, and takes Headers, and a header that was not sent', async () => {
    await using app = await start('express');
    const sessions = sessionsOf(app.app);
    const cookie = await sessions.cookie({ userId: 'ada' });
    const response = await fetch(`${app.url}/page`, { headers: { cookie } });
    for (const given of [null, 'sent', { sent: null }, { sent: cookie }, { sent: new Map() }])
      await expect(sessions.of(response, given as object)).rejects.toThrow(
        /of\(\) got .* it takes \{ sent: \{ cookie \} \}/,
      );
    const userWith = async (sent: object) =>
      (await sessions.of(response, { sent: sent as Record<string, string | undefined> })).userId;
    expect(await userWith(new Headers({ cookie }))).toBe('ada');
    expect(await userWith({ Cookie: cookie })).toBe('ada');
    expect(await userWith({ cookie: undefined })).toBeNull();
  });

  it('adds its cookie to those of a request, however they are listed, and loses no other header', async () => {
    await using app = await start('express');
    const sessions = sessionsOf(app.app);
    const cookieOf = async (headers: object) =>
      (await sessions.sign({ headers }, { userId: '1' })).headers.cookie;
    expect(await cookieOf({ Cookie: ['theme=dark', 'lang=en'] })).toMatch(/^theme=dark; lang=en; session=/);
    expect(await cookieOf({ cookie: undefined })).toMatch(/^session=/);
    for (const headers of [new Headers({ accept: 'text/html' }), [['accept', 'text/html']]])
      await expect(cookieOf(headers)).rejects.toThrow(/as the headers of a request; it takes an object/);
  });

  it('accepts agents and options, and says what to do with any other client', async () => {
    await using app = await start('express');
    const sessions = sessionsOf(app.app);
    const others: object[] = [
      request(app.url),
      request(app.url).get('/account'),
      new Request(app.url),
      [],
      { jar: {}, get: () => undefined },
      null as never,
      'http://localhost/account' as never,
    ];
    for (const other of others) {
      await expect(sessions.sign(other, { userId: '1' })).rejects.toThrow(SessionConfigError);
      await expect(sessions.sign(other, { userId: '1' })).rejects.toThrow(
        /takes an agent of supertest.*sessions\.cookie\(\)/,
      );
    }
  });
});
