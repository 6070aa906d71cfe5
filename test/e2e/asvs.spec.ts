import { readFile } from 'node:fs/promises';
import { Controller, Post } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type Session,
  SessionLimitError,
  type SessionModuleOptions,
  SignedInWithin,
} from 'nestjs-session-kit';
import { HandlerApp, type Visitor } from '../support/handler-app.js';
import { TempFolder } from '../support/temp-folder.js';
import { PLATFORMS } from '../support/test-app.js';

const HOUR = 3_600_000;
const SECRET = 'another secret for tests that is long enough';

@Controller()
class PasswordController {
  @Post('password')
  @SignedInWithin('10m')
  change() {
    return {};
  }
}

// The requirements that docs/security.md says the package meets, by their numbers.
describe.each(PLATFORMS)('OWASP ASVS 5.0, on %s', (platform) => {
  let app: HandlerApp;
  beforeAll(async () => {
    app = await start({});
  });
  afterAll(() => app[Symbol.asyncDispose]());

  const start = (options: Partial<SessionModuleOptions>): Promise<HandlerApp> =>
    HandlerApp.start(platform, { options, controllers: [PasswordController] });

  /** An application of the test's own. */
  async function own(options: Partial<SessionModuleOptions>): Promise<HandlerApp> {
    const started = await start(options);
    onTestFinished(() => started[Symbol.asyncDispose]());
    return started;
  }

  function passTime(): (ms: number) => void {
    const now = Date.now();
    vi.useFakeTimers({ toFake: ['Date'], now });
    onTestFinished(() => void vi.useRealTimers());
    return (ms) => vi.setSystemTime(now + ms);
  }

  /** A signed-in visitor, and the cookies of the browser as headers, so that others can send them. */
  async function signIn(at: HandlerApp, user: string) {
    const visitor = at.visitor();
    const { asHeaders, cookies } = await visitor.handle((session) => session.signIn(user));
    return { visitor, asHeaders, cookies };
  }

  const userWith = (at: HandlerApp, headers: Record<string, string>): Promise<string | null> =>
    at.visitor().in((session) => session.userId, { headers });
  const userOf = (visitor: Visitor): Promise<string | null> => visitor.in((session) => session.userId);

  it('7.1.1: both timeouts are documented options: two hours of inactivity, and no overall limit', async () => {
    const goTo = passTime();
    const { asHeaders } = await signIn(app, 'ann');
    for (let hours = 1.5; hours < 48; hours += 1.5) {
      goTo(hours * HOUR);
      expect(await userWith(app, asHeaders)).toBe('ann');
    }
    goTo(49.5 * HOUR);
    expect(await userWith(app, asHeaders)).toBeNull();
    const table = await readFile(new URL('../../docs/options.md', import.meta.url), 'utf8');
    expect(table).toMatch(/^\| `age` +\| `'2h'` +\|/m);
    expect(table).toMatch(/^\| `absoluteAge` +\| no limit +\|/m);
  });

  it('7.1.2: the number of sessions of one account can be limited', async () => {
    const limited = await own({ sessionsPerUser: { max: 1, when: 'refuse' } });
    await signIn(limited, 'ann');
    await expect(limited.visitor().in((session) => session.signIn('ann').commit())).rejects.toThrow(
      SessionLimitError,
    );
  });

  it('7.2.1: a token is verified by the server', async () => {
    const { asHeaders } = await signIn(app, 'eve');
    const last = asHeaders.cookie.at(-2) === 'A' ? 'B' : 'A';
    const forged = { cookie: asHeaders.cookie.slice(0, -2) + last + asHeaders.cookie.slice(-1) };
    expect(await userWith(app, asHeaders)).toBe('eve');
    expect(await userWith(app, forged)).toBeNull();
  });

  it('7.2.2, 7.2.3: each token is generated anew, of 256 random bits', async () => {
    const ids = await Promise.all(
      Array.from({ length: 20 }, () => app.visitor().in((session) => session.put('cart', 1).id)),
    );
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(Buffer.from(id, 'base64url')).toHaveLength(32);
  });

  it('7.2.4: signing in generates a new token, and the old one opens nothing', async () => {
    const visitor = app.visitor();
    const before = await visitor.handle((session) => session.put('cart', 1).id);
    const after = await visitor.in((session) => session.signIn('ann').id);
    expect(after).not.toBe(before.value);
    const stranger = await app.visitor().in((session) => session.all(), { headers: before.asHeaders });
    expect(stranger).toEqual({});
  });

  it('7.3.1: a session ends after two hours of inactivity', async () => {
    const goTo = passTime();
    const { asHeaders } = await signIn(app, 'ann');
    goTo(2 * HOUR - 1);
    expect(await userWith(app, asHeaders)).toBe('ann');
    goTo(4 * HOUR);
    expect(await userWith(app, asHeaders)).toBeNull();
  });

  it('7.3.2: a session ends after its absolute lifetime, however often it is used', async () => {
    const limited = await own({ absoluteAge: '3h' });
    const goTo = passTime();
    const { asHeaders } = await signIn(limited, 'ann');
    for (const hours of [1, 2, 2.9]) {
      goTo(hours * HOUR);
      expect(await userWith(limited, asHeaders)).toBe('ann');
    }
    goTo(3 * HOUR);
    expect(await userWith(limited, asHeaders)).toBeNull();
  });

  it('7.4.1: a copy of the cookie is worth nothing after signing out', async () => {
    const { visitor, asHeaders } = await signIn(app, 'ann');
    await visitor.in((session) => session.signOut());
    expect(await userWith(app, asHeaders)).toBeNull();
  });

  // What `stealth`, the default driver, leaves open, and what closes it.
  describe.each<[nr: string, what: string, end: (session: Session) => unknown]>([
    ['7.2.4', 'signing in', (session) => session.signIn('bob')],
    ['7.4.1', 'signing out', (session) => session.signOut()],
  ])('%s: with stealth, a copy of the cookie after %s', (_nr, _what, end) => {
    it('is refused by the process that did it, for ten minutes, and by no other', async () => {
      const goTo = passTime();
      const [here, there] = [await own({ driver: 'stealth' }), await own({ driver: 'stealth' })];
      const { visitor, asHeaders } = await signIn(here, 'ann');
      await visitor.in(end);
      expect([await userWith(here, asHeaders), await userWith(there, asHeaders)]).toEqual([null, 'ann']);
      goTo(10 * 60_000 - 1);
      expect(await userWith(here, asHeaders)).toBeNull();
      goTo(10 * 60_000);
      expect(await userWith(here, asHeaders)).toBe('ann');
    });

    it('is refused everywhere and for good with the option of a ledger', async () => {
      const goTo = passTime();
      await using folder = await TempFolder.make();
      const kept = { driver: 'stealth', stealth: { ledger: 'file' }, file: { location: folder.path } };
      const [here, there] = [await own(kept), await own(kept)];
      const { visitor, asHeaders } = await signIn(here, 'ann');
      await visitor.in(end);
      for (const minutes of [0, 10, 119]) {
        goTo(minutes * 60_000);
        expect([await userWith(here, asHeaders), await userWith(there, asHeaders)]).toEqual([null, null]);
      }
    });
  });

  it('7.4.2: all sessions of an account can be ended', async () => {
    const devices = [await signIn(app, 'leaver'), await signIn(app, 'leaver')];
    expect(await app.manager.endAll('leaver')).toBe(2);
    for (const { visitor } of devices) expect(await userOf(visitor)).toBeNull();
  });

  it('7.4.3: after a password change, all other sessions can be ended', async () => {
    const [here, there] = [await signIn(app, 'careful'), await signIn(app, 'careful')];
    await here.visitor.in((session) => app.manager.endAll('careful', { except: session }));
    expect([await userOf(here.visitor), await userOf(there.visitor)]).toEqual(['careful', null]);
  });

  it('7.4.5: a new secret ends the sessions of all users', async () => {
    await using folder = await TempFolder.make();
    const kept = { driver: 'file', file: { location: folder.path } };
    const { asHeaders } = await signIn(await own(kept), 'ann');
    expect(await userWith(await own(kept), asHeaders)).toBe('ann');
    expect(await userWith(await own({ ...kept, secret: SECRET }), asHeaders)).toBeNull();
  });

  it('7.5.1: a sensitive route requires a recent sign-in', async () => {
    const goTo = passTime();
    const { visitor } = await signIn(app, 'ann');
    await visitor.agent.post('/password').expect(201);
    goTo(11 * 60_000);
    const refused = await visitor.agent.post('/password').expect(401);
    expect(refused.body).toMatchObject({ reason: 'signed-in-too-long-ago' });
  });

  it('7.5.2: users can list their sessions and end them', async () => {
    const [here, there] = [await signIn(app, 'viewer'), await signIn(app, 'viewer')];
    const handle = await there.visitor.in((session) => session.handle);
    expect((await app.manager.list('viewer')).map((each) => each.handle)).toContain(handle);
    expect(await app.manager.end('viewer', handle)).toBe(true);
    expect([await userOf(here.visitor), await userOf(there.visitor)]).toEqual(['viewer', null]);
  });

  it('7.6.1: a session can live as long as an identity provider says', async () => {
    const goTo = passTime();
    const { asHeaders } = await app.visitor().handle((session) => session.signIn('ann', { remember: '10m' }));
    goTo(10 * 60_000);
    expect(await userWith(app, asHeaders)).toBeNull();
  });

  it('7.6.2: no session begins by a visit alone', async () => {
    const { cookies } = await app.visitor().handle((session) => session.get('userId'));
    expect(cookies).toEqual([]);
  });

  describe('the cookie in production', () => {
    let cookie: string;
    beforeAll(async () => {
      vi.stubEnv('NODE_ENV', 'production');
      const production = await start({});
      cookie = (await signIn(production, 'ann')).cookies.join();
      await production[Symbol.asyncDispose]();
      vi.unstubAllEnvs();
    });

    it('3.3.1, 3.3.3: is Secure, and its name begins with __Host-', () => {
      expect(cookie).toMatch(/^__Host-session=/);
      expect(cookie).toMatch(/; Secure(;|$)/);
      expect(cookie).toMatch(/; Path=\/(;|$)/);
      expect(cookie).not.toMatch(/Domain/i);
    });

    it('3.3.2: is SameSite=Lax', () => expect(cookie).toMatch(/; SameSite=Lax(;|$)/));

    it('3.3.4: is out of reach for scripts', () => expect(cookie).toMatch(/; HttpOnly(;|$)/));
  });

  it('3.3.5: no cookie is larger than 4096 bytes', async () => {
    const sealed = await own({ driver: 'stealth' });
    const text = 'x'.repeat(6000);
    const { cookies } = await sealed.visitor().handle((session) => session.put('text', text));
    expect(cookies.length).toBeGreaterThan(1);
    for (const each of cookies) expect((each.split(';')[0] ?? '').length).toBeLessThanOrEqual(4096);
  });

  describe('NIST SP 800-63B-4', () => {
    it('5.1: the cookie is removed when the session is ended', async () => {
      const { visitor } = await signIn(app, 'ann');
      const { cookies } = await visitor.handle((session) => session.destroy());
      expect(cookies.join()).toMatch(/^session=;.*Expires=Thu, 01 Jan 1970/);
    });

    it('5.1: by option, the cookie ends with the browser', async () => {
      const { cookies } = await signIn(await own({ clearWithBrowser: true }), 'ann');
      expect(cookies.join()).not.toMatch(/Max-Age|Expires/);
    });

    it('5.1.1: the cookie ends with the session, and holds no personal data in clear', async () => {
      const { cookies } = await signIn(app, 'ann@example.com');
      expect(cookies.join()).toMatch(/; Max-Age=7200(;|$)/);
      expect(decodeURIComponent(cookies.join())).not.toContain('ann@');
    });

    it('5.3: address and user agent are recorded for display only, and not at all by option', async () => {
      const trusting = await own({});
      const visitor = trusting.visitor();
      const headers = { 'user-agent': 'a browser' };
      const { asHeaders } = await visitor.handle((session) => session.signIn('watched'), { headers });
      const seen = async (at: HandlerApp) =>
        (await at.manager.list('watched')).map(({ ipAddress, userAgent }) => [ipAddress, userAgent]);
      expect(await seen(trusting)).toEqual([[expect.stringMatching(/127\.0\.0\.1$/), 'a browser']]);
      expect(await userWith(trusting, { ...asHeaders, 'user-agent': 'another' })).toBe('watched');
      const silent = await own({ recordClient: false });
      await silent.visitor().in((session) => session.signIn('watched'), { headers });
      expect(await seen(silent)).toEqual([[null, null]]);
    });

    it('5.2: signing in again restarts the overall timeout', async () => {
      const limited = await own({ absoluteAge: '3h' });
      const goTo = passTime();
      const { visitor } = await signIn(limited, 'ann');
      goTo(2 * HOUR - 1);
      const { asHeaders } = await visitor.handle((session) => session.signIn('ann'));
      goTo(3.5 * HOUR);
      expect(await userWith(limited, asHeaders)).toBe('ann');
      goTo(5 * HOUR);
      expect(await userWith(limited, asHeaders)).toBeNull();
    });
  });
});
