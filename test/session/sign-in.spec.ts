import { Controller, Get, Module, Query, Redirect, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  Session,
  SessionConfigError,
  SessionReadonlyError,
  SessionValueError,
  SignedInGuard,
  SignedInWithin,
} from 'nestjs-session-kit';
import { Deferred } from '../parallel/support/deferred.js';
import { HandlerApp } from '../support/handler-app.js';
import { PAIRS } from '../support/test-app.js';

const TEN_YEARS = 10 * 365 * 24 * 60 * 60 * 1000;
const HOUR = 60 * 60 * 1000;

@Controller()
class Pages {
  @Get('account')
  @UseGuards(SignedInGuard)
  account() {
    return { user: Session.userId };
  }

  /** The target comes in the link to the form. */
  @Get('sign-in')
  @Redirect()
  signIn(@Session() session: Session, @Query('next') next?: string) {
    return { url: session.intended(next).signIn('u1').intended() };
  }

  @Get('password')
  @SignedInWithin('10m')
  password() {
    return { user: Session.userId };
  }
}

@Controller('bank')
@SignedInWithin('10m')
class Bank {
  @Get()
  account() {
    return {};
  }

  @Get('statement')
  @SignedInWithin('2h')
  statement() {
    return {};
  }
}

@Module({ controllers: [Pages, Bank] })
class PagesModule {}

describe.each(PAIRS)('on %s with %s', (platform, driver) => {
  let app: HandlerApp;
  beforeAll(async () => {
    app = await HandlerApp.start(platform, { options: { driver }, imports: [PagesModule] });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  describe('signIn', () => {
    it('gives the session a new id, the user and the time, and keeps its values', async () => {
      const visitor = app.visitor();
      const before = await visitor.in((session) => session.put('cart', ['mug']).id);
      const from = Date.now();
      await visitor.in((session) => session.signIn('u1'));
      const after = await visitor.in(({ id, userId, signedInAt, duration }, { req }) => ({
        id,
        userId,
        signedInAt,
        duration,
        all: Session.all(),
        facade: Session.userId,
        shape: { ...(req.session as object) },
      }));
      expect(after.id).not.toBe(before);
      expect(after).toMatchObject({
        userId: 'u1',
        facade: 'u1',
        duration: 2 * HOUR,
        all: { cart: ['mug'], userId: 'u1' },
        shape: { cart: ['mug'], userId: 'u1' },
      });
      expect(after.signedInAt).toBeGreaterThanOrEqual(from);
      expect(after.signedInAt).toBeLessThanOrEqual(Date.now());
    });

    it('leaves nothing under the old id for a thief with a copy of it', async () => {
      const visitor = app.visitor();
      const { asHeaders } = await visitor.handle((session) => session.put('cart', ['mug']));
      await visitor.in((session) => session.signIn('u1'));
      const thief = await app.visitor().in(({ userId }) => userId, { headers: asHeaders });
      expect(thief).toBeNull();
    });

    it.each([
      [true, TEN_YEARS],
      ['30d', 30 * 24 * HOUR],
      [HOUR, HOUR],
      [false, 2 * HOUR],
      [undefined, 2 * HOUR],
    ])('with remember (%s) sets the lifetime', async (remember, duration) => {
      const visitor = app.visitor();
      await visitor.in((session) => session.signIn('u1', { remember }));
      expect(await visitor.in((session) => session.duration)).toBe(duration);
    });

    it('without remember does not inherit the lifetime of the previous sign-in', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.signIn('u1', { remember: true }));
      await visitor.in((session) => session.signIn('u2'));
      expect(await visitor.in((session) => session.duration)).toBe(2 * HOUR);
    });

    it('takes numbers, which userId returns as text', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.signIn(42));
      expect(await visitor.in((session) => [session.userId, session.get('userId')])).toEqual(['42', 42]);
    });

    it.each([[''], [undefined], [null], [Number.NaN], [{ id: 1 }], [true]])(
      'refuses %j as a user, and changes nothing',
      async (user) => {
        const visitor = app.visitor();
        const { cookies } = await visitor.handle((session) => {
          expect(() => session.signIn(user as string)).toThrow(SessionValueError);
        });
        expect(cookies).toEqual([]);
      },
    );

    it.each([['never'], [-1], [0], [{}]])(
      'refuses %j as a lifetime, and changes nothing',
      async (remember) => {
        const { cookies } = await app.visitor().handle((session) => {
          expect(() => session.signIn('u1', { remember: remember as string })).toThrow(/'remember'/);
        });
        expect(cookies).toEqual([]);
      },
    );

    it.each([[true], ['30d'], [null], [1000]])(
      'refuses %j as its options, and shows what to write',
      async (options) => {
        const { cookies } = await app.visitor().handle((session) => {
          const signIn = (): unknown => session.signIn('u1', options as unknown as object);
          expect(signIn).toThrow(/signIn got .+ as its options; it takes an object: { remember: true }/);
        });
        expect(cookies).toEqual([]);
      },
    );

    it('does not count empty text put as the user', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('userId', ''));
      expect(await visitor.in(({ userId }) => userId)).toBeNull();
    });

    it('is refused if the session is read-only', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('cart', ['mug']));
      await visitor.in(async (session) => {
        await session.initiate(true);
        expect(() => session.signIn('u1')).toThrow(SessionReadonlyError);
        expect(session.userId).toBeNull();
      });
    });
  });

  describe('signOut', () => {
    it('leaves neither user nor values, and nothing under the old id', async () => {
      const visitor = app.visitor();
      const { asHeaders } = await visitor.handle((session) => session.signIn('u1', { remember: true }));
      const { status, id } = await visitor.in((session) => {
        session.signOut().flash('status', 'Bye');
        return { status: session.get('status'), id: session.id };
      });
      expect(status).toBe('Bye');
      const after = await visitor.in((session) => ({
        all: session.all(),
        id: session.id,
        signedInAt: session.signedInAt,
        duration: session.duration,
      }));
      expect(after).toEqual({ all: { status: 'Bye' }, id, signedInAt: null, duration: 2 * HOUR });
      expect(await app.visitor().in(({ userId }) => userId, { headers: asHeaders })).toBeNull();
    });
  });

  describe('handle', () => {
    it('stays the same when the id changes and when the user signs in', async () => {
      const visitor = app.visitor();
      const { handle, id } = await visitor.in((session) => {
        session.put('cart', []);
        return { handle: session.handle, id: session.id };
      });
      expect(handle).toMatch(/^[\w-]{22}$/);
      expect(id).not.toContain(handle);
      await visitor.in((session) => session.regenerate());
      await visitor.in((session) => session.signIn('u1'));
      await visitor.in((session) => session.regenerate().regenerate());
      expect(await visitor.in((session) => session.handle)).toBe(handle);
    });

    it('changes after the user has signed out', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.signIn('u1'));
      const signedIn = await visitor.in((session) => session.handle);
      const signedOut = await visitor.in((session) => session.signOut().put('cart', []).handle);
      expect(signedOut).not.toBe(signedIn);
      expect(await visitor.in((session) => session.handle)).toBe(signedOut);
    });

    it('differs between visitors', async () => {
      const handles = await Promise.all([1, 2].map(() => app.visitor().in((session) => session.handle)));
      expect(new Set(handles).size).toBe(2);
    });

    it('begins no session, even after regenerate, for a visitor without values', async () => {
      const { cookies } = await app.visitor().handle((session) => session.regenerate().handle);
      expect(cookies).toEqual([]);
    });
  });

  describe('intended', () => {
    it('keeps a path of this site until it is read', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.intended('/orders?page=2#last'));
      await visitor.in((session) => session.signIn('u1'));
      expect(await visitor.in((session) => session.intended())).toBe('/orders?page=2#last');
      expect(await visitor.in((session) => session.intended())).toBe('/');
    });

    it.each([
      ['/日本?q=é', '/%E6%97%A5%E6%9C%AC?q=%C3%A9'],
      ['/orders/\u{1F600}', '/orders/%F0%9F%98%80'],
      ['/a/../b', '/b'],
      ['//evil.example', '/'],
      ['/a\r\nSet-Cookie: a=b', '/'],
    ])('comes from a link, and is safe to redirect to: %j', async (next, location) => {
      const response = await app.visitor().agent.get('/sign-in').query({ next }).redirects(0);
      expect([response.status, response.headers['location']]).toEqual([302, location]);
    });

    it('keeps the previous path when given undefined', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.intended('/orders'));
      await visitor.in((session) => session.intended(undefined));
      expect(await visitor.in((session) => session.intended())).toBe('/orders');
    });

    it('ignores a value that the application put under its name', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('_intended', 'https://evil.example/'));
      expect(await visitor.in((session) => session.intended())).toBe('/');
    });
  });

  describe('SignedInGuard', () => {
    it('answers 401 with a reason to a visitor who is not signed in', async () => {
      const response = await app.visitor().agent.get('/account');
      expect(response.status).toBe(401);
      expect(response.body).toMatchObject({ statusCode: 401, reason: 'signed-out' });
    });

    it('lets a signed-in visitor pass', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.signIn('u1'));
      expect((await visitor.agent.get('/account')).body).toEqual({ user: 'u1' });
      await visitor.in((session) => session.signOut());
      expect((await visitor.agent.get('/account')).status).toBe(401);
    });
  });

  describe('SignedInWithin', () => {
    it('lets only recently signed-in visitors pass, and a handler overrides its controller', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.signIn('u1'));
      const statuses = async () =>
        Promise.all(
          ['/password', '/bank', '/bank/statement', '/account'].map(async (path) => {
            const { status, body } = await visitor.agent.get(path);
            return (body as { reason?: string }).reason ?? status;
          }),
        );
      expect(await statuses()).toEqual([200, 200, 200, 200]);
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11 * 60_000 });
      try {
        const late = 'signed-in-too-long-ago';
        expect(await statuses()).toEqual([late, late, 200, 200]);
        await visitor.in((session) => session.signIn('u1'));
        expect(await statuses()).toEqual([200, 200, 200, 200]);
      } finally {
        vi.useRealTimers();
      }
    });

    it.each<[string, (session: Session) => unknown]>([
      ['put', (session) => session.put('userId', 'u2')],
      ['flush and put', (session) => session.flush().put('userId', 'u2')],
      ['merge', (session) => session.merge({ userId: 'u2' })],
      ['reset', (session) => session.reset({ userId: 'u2' })],
      ['regenerate', (session) => session.regenerate().put('userId', 'u2')],
    ])('asks a new user in the session of a signed-in one to sign in (%s)', async (_how, become) => {
      const visitor = app.visitor();
      await visitor.in((session) => session.signIn('u1'));
      await visitor.in(become);
      expect(await visitor.in(({ userId, signedInAt }) => [userId, signedInAt])).toEqual(['u2', null]);
      expect((await visitor.agent.get('/password')).status).toBe(401);
      expect((await visitor.agent.get('/account')).status).toBe(200);
      if (driver === 'memory') expect((await app.manager.list('u2'))[0]?.signedInAt).toBeNull();
      await visitor.in((session) => session.signIn('u2').regenerate());
      expect((await visitor.agent.get('/password')).status).toBe(200);
      await visitor.in((session) => session.signOut());
    });

    it('asks a user who was signed in by other means to sign in again', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('userId', 'u1'));
      const { status, body } = await visitor.agent.get('/password');
      expect([status, (body as { reason: string }).reason]).toEqual([401, 'signed-in-too-long-ago']);
    });
  });
});

it('SignedInWithin refuses an invalid duration', () => {
  expect(() => SignedInWithin('soon')).toThrow(SessionConfigError);
  expect(() => SignedInWithin(0)).toThrow(/@SignedInWithin got 0/);
});

describe('a user who signs in', () => {
  it('loses no change of a concurrent request, which follows to the new session', async () => {
    await using app = await HandlerApp.start('express');
    const visitor = app.visitor();
    const handle = await visitor.in((session) => session.put('cart', []).handle);
    const [begun, signedIn] = [new Deferred(), new Deferred()];
    const beside = visitor.in(async (session) => {
      begun.resolve();
      await signedIn.promise;
      session.increment('visits');
    });
    await begun.promise;
    const { asHeaders } = await visitor.handle((session) => session.signIn('u1', { remember: true }));
    signedIn.resolve();
    await beside;
    const now = await app
      .visitor()
      .in(
        (session) => [
          session.userId,
          session.get('visits'),
          session.duration,
          session.handle,
          session.signedInAt,
        ],
        { headers: asHeaders },
      );
    expect(now).toEqual(['u1', 1, TEN_YEARS, handle, expect.any(Number)]);
  });

  it('is stored under the key that the option userKey names', async () => {
    await using app = await HandlerApp.start('express', { options: { userKey: 'account.id' } });
    const visitor = app.visitor();
    await visitor.in((session) => session.signIn('u1'));
    expect(await visitor.in((session) => [session.userId, session.get('account')])).toEqual([
      'u1',
      { id: 'u1' },
    ]);
  });
});
