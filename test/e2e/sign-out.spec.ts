import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RequestSession, SealingDriver, SessionRecord } from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { HandlerApp, type HandlerAppSetup } from '../support/handler-app.js';
import { PLATFORMS, expiresPiece } from '../support/test-app.js';

/** A sealing driver of an application. It encrypts nothing, which is enough for a test. */
class PlainSealer implements SealingDriver {
  seal(record: SessionRecord): Promise<string> {
    return Promise.resolve(Buffer.from(JSON.stringify(record)).toString('base64url'));
  }

  open(token: string): Promise<SessionRecord | null> {
    const text = Buffer.from(token, 'base64url').toString();
    const record: SessionRecord | null = text.startsWith('{') ? JSON.parse(text) : null;
    return Promise.resolve(record);
  }
}

const STORES: Record<string, NonNullable<HandlerAppSetup['options']>> = {
  memory: { driver: 'memory' },
  stealth: { driver: 'stealth' },
  'stealth and a ledger': { driver: 'stealth', stealth: { ledger: 'memory' }, userKey: 'user' },
  'a sealing driver of the application': {
    driver: 'own',
    drivers: { own: { useFactory: () => new PlainSealer() } },
  },
};

const CASES = PLATFORMS.flatMap((platform) => Object.keys(STORES).map((store) => ({ platform, store })));

const ENDINGS: [string, (session: RequestSession) => unknown][] = [
  ['destroy', (session) => session.destroy().then(() => null)],
  ['invalidate', (session) => void session.invalidate()],
];

describe.each(CASES)('sign-out on $platform with $store', ({ platform, store }) => {
  let app: HandlerApp;
  beforeEach(async () => {
    // A renewal is due with each visit.
    app = await HandlerApp.start(platform, { options: { ...STORES[store], touchEvery: 1 } });
  });
  afterEach(() => app[Symbol.asyncDispose]());

  /** What a client with just these cookies does. */
  const as = (headers: { readonly cookie: string }) => ({
    does: <T>(deed: (session: RequestSession) => T | Promise<T>, method: 'GET' | 'POST' = 'POST') =>
      app.visitor().handle(deed, { headers, ...(method === 'POST' ? { body: {} } : {}) }),
    reads: () => app.visitor().in((session) => session.all(), { headers }),
  });
  const signIn = async () => (await app.visitor().handle((session) => session.put('user', 'ann'))).asHeaders;
  const rotate = (session: RequestSession): void => void session.regenerate();

  it.each(ENDINGS)('by %s ends the session that a concurrent regenerate has moved', async (_way, end) => {
    for (const arrives of ['under way', 'with the old id']) {
      const old = await signIn();
      const reached = new Deferred();
      const gate = new Deferred();
      const early =
        arrives === 'under way'
          ? as(old).does(async (session) => {
              reached.resolve();
              await gate.promise;
              await end(session);
            })
          : null;
      if (early !== null) await reached.promise;
      const moved = await as(old).does(rotate);
      gate.resolve();
      await (early ?? as(old).does(end));
      expect(await as(moved.asHeaders).reads(), arrives).toEqual({});
      expect(await as(old).reads()).toEqual({});
    }
  });

  it.each(ENDINGS)('by %s takes effect even if the handler fails after it', async (_way, end) => {
    const old = await signIn();
    const moved = await as(old).does(rotate);
    await app.visitor().handle(
      async (session) => {
        await end(session);
        throw new Error('something else');
      },
      { headers: old, status: 500 },
    );
    expect(await as(moved.asHeaders).reads()).toEqual({});
  });

  it('expires the cookie, or sends the one of the next session', async () => {
    const old = await signIn();
    await as(old).does(rotate);
    const silent = await as(old).does((session) => void session.invalidate());
    expect(silent.cookies.filter((each) => !expiresPiece(each))).toEqual([
      expect.stringContaining('session=; Max-Age=0'),
    ]);
    const other = await signIn();
    const moved = await as(other).does(rotate);
    const kind = await as(other).does((session) => void session.invalidate().flash('status', 'Bye.'));
    expect(kind.cookies.filter((each) => !expiresPiece(each))).toEqual([
      expect.stringMatching(/^session=[^;]+; Max-Age=7/),
    ]);
    expect(await as(kind.asHeaders).reads()).toEqual({ status: 'Bye.' });
    expect(await as(moved.asHeaders).reads()).toEqual({});
  });

  // It may open a session again: after a redeploy that takes a driver back, or with an old secret.
  it.each(ENDINGS)('by %s expires a cookie that opens nothing', async (_way, end) => {
    const unknown = { cookie: 'session=of.somewhere.else' };
    const silent = await as(unknown).does(end);
    expect(silent.cookies.filter((each) => !expiresPiece(each))).toEqual([
      expect.stringContaining('session=; Max-Age=0'),
    ]);
    const kind = await as(unknown).does(async (session) => {
      await end(session);
      session.flash('status', 'Bye.');
    });
    expect(await as(kind.asHeaders).reads()).toEqual({ status: 'Bye.' });
    expect((await as({ cookie: 'other=1' }).does(end)).cookies).toEqual([]);
  });

  it.each(['GET', 'POST'] as const)('is not undone by a slower %s of the same visitor', async (method) => {
    for (const [way, leave] of [...ENDINGS, ['regenerate', rotate] as const]) {
      const old = await signIn();
      const reached = new Deferred();
      const gate = new Deferred();
      const slower = as(old).does(async (session) => {
        expect(session.get('user')).toBe('ann');
        reached.resolve();
        await gate.promise;
        if (method === 'POST') session.put('late', 1);
      }, method);
      await reached.promise;
      await as(old).does(leave);
      gate.resolve();
      expect((await slower).cookies, way).toEqual([]);
      expect(await as(old).reads()).toEqual({});
    }
  });

  it.each<[string, (session: RequestSession) => unknown]>([
    ['committed', (session) => session.put('note', 1).commit()],
    ['touched', (session) => session.touch()],
  ])(
    'has its cookie not overwritten by a request that had %s before and ends after it',
    async (_what, keep) => {
      for (const [way, leave] of [...ENDINGS, ['regenerate', rotate] as const]) {
        const old = await signIn();
        const stored = new Deferred();
        const gate = new Deferred();
        const slower = as(old).does(async (session) => {
          await keep(session);
          stored.resolve();
          await gate.promise;
        });
        await stored.promise;
        await as(old).does(leave);
        gate.resolve();
        expect((await slower).cookies, way).toEqual([]);
      }
    },
  );

  it('is not caused by a request that was sent before a sign-in and arrives after it', async () => {
    const { asHeaders: old } = await app.visitor().handle((session) => session.increment('views'));
    const signedIn = await as(old).does((session) => void session.regenerate().put('user', 'ann'));
    for (const method of ['GET', 'POST'] as const) {
      const late = await as(old).does((session) => {
        expect(session.all()).toEqual({});
        if (method === 'POST') session.increment('views');
      }, method);
      expect(late.cookies).toEqual([]);
    }
    expect(await as(signedIn.asHeaders).reads()).toEqual({ views: 1, user: 'ann' });
  });

  it('ends the live session among several cookies', async () => {
    const old = await signIn();
    const { asHeaders } = await as(old).does(rotate);
    const both = { cookie: `${old.cookie}; ${asHeaders.cookie}` };
    expect(await as(both).reads()).toEqual({ user: 'ann' });
    await as(both).does((session) => session.destroy().then(() => null));
    expect(await as(asHeaders).reads()).toEqual({});
  });
});
