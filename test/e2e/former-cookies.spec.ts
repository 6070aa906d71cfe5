import { randomBytes } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { Controller, Get, Post } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session, type SessionCookieOptions, type SessionModuleOptions } from 'nestjs-session-kit';
import { PlaceJar } from '../support/place-jar.js';
import { PlainDriver } from '../support/plain-driver.js';
import { TempFolder } from '../support/temp-folder.js';
import { PLATFORMS, type Platform, TestApp } from '../support/test-app.js';

@Controller(['', 'shop'])
class AccountController {
  @Post('in')
  signIn(@Session() session: Session) {
    session.regenerate().put('user', 'ann');
    return {};
  }

  /** With more than fits into one cookie. */
  @Post('in-with-much')
  signInWithMuch(@Session() session: Session) {
    session.regenerate().put({ user: 'ann', much: randomBytes(2500).toString('base64url') });
    return {};
  }

  /** With more than fits into two. */
  @Post('in-with-more')
  signInWithMore(@Session() session: Session) {
    session.regenerate().put({ user: 'ann', much: randomBytes(5000).toString('base64url') });
    return {};
  }

  @Post('out')
  async signOut(@Session() session: Session) {
    await session.destroy();
    return {};
  }

  @Post('invalidate')
  invalidate(@Session() session: Session) {
    session.invalidate();
    return {};
  }

  @Post('note')
  note(@Session() session: Session) {
    session.put('note', 'written');
    return {};
  }

  @Get('me')
  me(@Session('user') user: string | null = null) {
    return { user };
  }
}

const HOST = 'www.shop.test';

/** A browser that visits an application: the test chooses host and path, wherever the server is. */
class Visitor {
  readonly jar = new PlaceJar();
  /** The Set-Cookie headers of the last answer. */
  set: readonly string[] = [];

  /** @param cookie what it sends, if the request was sent before the latest responses arrived */
  async go(
    app: TestApp,
    method: string,
    path: string,
    host = HOST,
    cookie = this.jar.header(host, path),
  ): Promise<Record<string, unknown>> {
    const sent = request(app.url + path, { method, headers: { host, ...(cookie === '' ? {} : { cookie }) } });
    sent.end();
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.on('response', resolve).on('error', reject);
    });
    this.set = response.headers['set-cookie'] ?? [];
    this.jar.take(host, this.set);
    const body: unknown = await json(response);
    return { ...(typeof body === 'object' ? body : {}) };
  }

  async user(app: TestApp, path = '/me', host = HOST): Promise<unknown> {
    return (await this.go(app, 'GET', path, host))['user'];
  }
}

interface Move {
  readonly what: string;
  readonly before: SessionCookieOptions;
  readonly after: SessionCookieOptions;
  /** Where the cookie is stored before and after. */
  readonly places: readonly [before: string, after: string];
  /** A page whose requests carry the cookies of both `before` and `after`. */
  readonly shared: string;
  /** A page and host whose requests carry the cookie of `after` but not of `before`, if there is one. */
  readonly beyond?: { readonly path: string; readonly host?: string };
}

const HOST_PLACE = `session ${HOST} /`;
const DOMAIN_PLACE = 'session .shop.test /';

const MOVES: readonly [Move, ...Move[]] = [
  {
    what: 'to a path above',
    before: { path: '/shop' },
    after: { formerly: [{ path: '/shop' }] },
    places: [`session ${HOST} /shop`, HOST_PLACE],
    shared: '/shop',
    beyond: { path: '' },
  },
  {
    what: 'to a path below',
    before: {},
    after: { path: '/shop', formerly: [{ path: '/' }] },
    places: [HOST_PLACE, `session ${HOST} /shop`],
    shared: '/shop',
  },
  {
    what: 'from the host to its domain',
    before: {},
    after: { domain: 'shop.test', formerly: [{}] },
    places: [HOST_PLACE, DOMAIN_PLACE],
    shared: '',
    beyond: { path: '', host: 'api.shop.test' },
  },
  {
    what: 'from the domain to a host',
    before: { domain: 'shop.test' },
    after: { formerly: [{ domain: '.Shop.Test' }] },
    places: [DOMAIN_PLACE, HOST_PLACE],
    shared: '',
  },
  {
    what: 'to another name',
    before: { name: 'sid' },
    after: { formerly: [{ name: 'sid' }] },
    places: [`sid ${HOST} /`, HOST_PLACE],
    shared: '',
  },
  {
    what: 'to another name, path and domain',
    before: { name: 'sid', path: '/shop' },
    after: { domain: 'shop.test', formerly: [{ name: 'other' }, { name: 'sid', path: '/shop' }] },
    places: [`sid ${HOST} /shop`, DOMAIN_PLACE],
    shared: '/shop',
    beyond: { path: '' },
  },
];

const WAYS = PLATFORMS.flatMap((platform) =>
  ['file', 'stealth'].map((driver): [Platform, string] => [platform, driver]),
);

describe.each(WAYS)('On %s with %s, a cookie that moved', (platform, driver) => {
  const start = (
    location: string,
    cookie: SessionCookieOptions,
    options: Partial<SessionModuleOptions> = {},
  ) =>
    TestApp.start(platform, {
      controllers: [AccountController],
      options: { driver, cookie, ...(driver === 'file' ? { file: { location } } : {}), ...options },
    });

  /** The application before a deployment and after it, on one store, for any number of visitors. */
  async function deploy({ before, after }: Pick<Move, 'before' | 'after'>) {
    const folder = await TempFolder.make();
    const [old, app] = await Promise.all([start(folder.path, before), start(folder.path, after)]);
    return {
      location: folder.path,
      old,
      app,
      async [Symbol.asyncDispose]() {
        await Promise.all([old, app].map((each) => each[Symbol.asyncDispose]()));
        await folder[Symbol.asyncDispose]();
      },
    };
  }

  type Deployment = Awaited<ReturnType<typeof deploy>>;

  /** A visitor who signed in before the deployment. */
  async function signedIn({ old }: Deployment, { shared, places }: Move, signIn = 'in') {
    const visitor = new Visitor();
    await visitor.go(old, 'POST', `${shared}/${signIn}`);
    if (signIn === 'in') expect(visitor.jar.places).toEqual([places[0]]);
    return visitor;
  }

  describe.each(MOVES.map((move) => [move.what, move] as const))('%s', (_what, move) => {
    const { shared, beyond, places } = move;
    let deployment: Deployment;
    let app: TestApp;

    beforeAll(async () => {
      deployment = await deploy(move);
      ({ app } = deployment);
    });
    afterAll(async () => {
      await deployment[Symbol.asyncDispose]();
    });

    it('is taken over with the first request, and expired at its old place', async () => {
      const visitor = await signedIn(deployment, move);
      expect(await visitor.user(app, `${shared}/me`)).toBe('ann');
      expect(visitor.jar.places).toEqual([places[1]]);
      expect(await visitor.user(app, `${shared}/me`)).toBe('ann');
      if (beyond !== undefined) expect(await visitor.user(app, `${beyond.path}/me`, beyond.host)).toBe('ann');
    });

    it.each(['out', 'invalidate'])(
      'does not bring back a signed-out session (%s), in the first request or later',
      async (way) => {
        for (const visits of [[], [`${shared}/me`], [`${shared}/note`], [`${shared}/in`]]) {
          const visitor = await signedIn(deployment, move);
          for (const path of visits) await visitor.go(app, path.endsWith('me') ? 'GET' : 'POST', path);
          await visitor.go(app, 'POST', `${shared}/${way}`);
          expect(await visitor.user(app, `${shared}/me`)).toBeNull();
          expect(await visitor.user(app, '/me')).toBeNull();
          expect(visitor.jar.places).toEqual(way === 'out' ? [] : [places[1]]);
        }
      },
    );

    it('does not bring back a session that was signed out on a page without the old cookie', async () => {
      if (beyond === undefined) return;
      const visitor = await signedIn(deployment, move);
      expect(await visitor.user(app, `${beyond.path}/me`, beyond.host)).toBeNull();
      await visitor.go(app, 'POST', `${beyond.path}/in`, beyond.host);
      await visitor.go(app, 'POST', `${beyond.path}/out`, beyond.host);
      // An answer from another host cannot expire a cookie of this one.
      if (beyond.host !== undefined) return;
      expect(visitor.jar.places).toEqual([]);
      expect(await visitor.user(app, `${shared}/me`)).toBeNull();
    });

    /** Where the newer cookie is if it holds more than fits into one. */
    const newPlaces = (): string[] => {
      const [name = ''] = places[1].split(' ');
      const pieces = [0, 1].map((number) => places[1].replace(name, `${name}.${number}`));
      return driver === 'stealth' ? pieces : [places[1]];
    };

    it('is taken over in all its pieces', async () => {
      const visitor = await signedIn(deployment, move, 'in-with-much');
      expect(await visitor.user(app, `${shared}/me`)).toBe('ann');
      expect(visitor.jar.places).toEqual(newPlaces());
      await visitor.go(app, 'POST', `${shared}/out`);
      expect(visitor.jar.places).toEqual([]);
    });

    it.each([
      // At the second request, the session has one piece, or two, and the old cookie may be out of sight.
      ['two', 'in-with-much', ['in', 'in-with-much']],
      ['three', 'in-with-more', ['in-with-much', 'note']],
    ])(
      'leaves none of its %s pieces behind, which would get between those of the newer one',
      async (_count, signIn, visits) => {
        const visitor = await signedIn(deployment, move, signIn);
        const path = beyond === undefined || beyond.host !== undefined ? shared : beyond.path;
        for (const each of visits) await visitor.go(app, 'POST', `${path}/${each}`);
        expect(await visitor.user(app, `${shared}/me`)).toBe('ann');
      },
    );

    it('does not bring back a session that was taken over while it ended', async () => {
      for (const way of ['out', 'invalidate']) {
        const visitor = await signedIn(deployment, move);
        // Its response arrives before that of the sign-out, whose request had only the old cookie.
        const parallel = new Visitor();
        parallel.jar.take(HOST, visitor.set);
        await parallel.go(app, 'POST', `${shared}/note`);
        const before = visitor.jar.header(HOST, `${shared}/${way}`);
        visitor.jar.take(HOST, parallel.set);
        await visitor.go(app, 'POST', `${shared}/${way}`, HOST, before);
        // What another process would find, which remembers no ends.
        await using other = await start(deployment.location, move.after);
        expect(await visitor.user(other, `${shared}/me`)).toBeNull();
      }
    });

    it('does not override the newer one', async () => {
      const visitor = await signedIn(deployment, move);
      const late = new Visitor();
      await late.go(app, 'POST', `${shared}/note`);
      visitor.jar.take(HOST, late.set);
      expect(await visitor.user(app, `${shared}/me`)).toBeNull();
    });
  });

  it('from a place that `formerly` does not name opens nothing on stealth, and cannot undo a sign-out', async () => {
    const [toPathAbove] = MOVES;
    await using deployment = await deploy({ ...toPathAbove, after: {} });
    const { app } = deployment;
    const visitor = await signedIn(deployment, toPathAbove);
    expect(await visitor.user(app, '/shop/me')).toBe(driver === 'stealth' ? null : 'ann');
    for (const path of ['note', 'in', 'invalidate']) await visitor.go(app, 'POST', `/shop/${path}`);
    expect(await visitor.user(app, '/shop/me')).toBeNull();
    expect(await visitor.user(app, '/me')).toBeNull();
  });
});

describe('A cookie that never moved', () => {
  it.each(PLATFORMS)('is alone in a response, on %s', async (platform) => {
    await using app = await TestApp.start(platform, {
      controllers: [AccountController],
      options: { driver: 'stealth', cookie: { formerly: [{ path: '/shop' }, { name: 'sid' }] } },
    });
    const visitor = new Visitor();
    await visitor.go(app, 'POST', '/note');
    expect(visitor.set).toEqual([expect.stringMatching(/^session=v1s/)]);
    await visitor.go(app, 'GET', '/me');
    expect(visitor.set).toEqual([]);
  });
});

describe("The cookie of an application's own sealing driver", () => {
  it.each(PLATFORMS)('is taken over from another name like any other, on %s', async (platform) => {
    const start = (cookie: SessionCookieOptions) =>
      TestApp.start(platform, {
        controllers: [AccountController],
        providers: [PlainDriver],
        options: { driver: 'plain', cookie },
      });
    const visitor = new Visitor();
    {
      await using before = await start({ name: 'sid' });
      await visitor.go(before, 'POST', '/in');
    }
    await using app = await start({ formerly: [{ name: 'sid' }] });
    expect(await visitor.user(app)).toBe('ann');
    expect(visitor.jar.places).toEqual([HOST_PLACE]);
    await visitor.go(app, 'POST', '/out');
    expect(visitor.jar.places).toEqual([]);
  });
});
