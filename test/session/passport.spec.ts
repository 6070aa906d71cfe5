import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import passport from 'passport';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SessionMiddleware } from 'nestjs-session-kit';
import { type HandlerContext, HandlerApp, type HandlerAppSetup } from '../support/handler-app.js';
import { PAIRS } from '../support/test-app.js';

interface User {
  id: string;
}

type Done = (error?: unknown) => void;

/** What Passport adds to a request. */
interface PassportRequest {
  user?: User;
  logIn(user: User, options: object, done: Done): void;
  logOut(options: object, done: Done): void;
  isAuthenticated(): boolean;
}

/** A separate Passport with only its session strategy. */
function newPassport() {
  const own = new passport.Passport();
  own.serializeUser<string>((user, done) => {
    const { id } = user as User;
    if (id === 'nobody') done(new Error('No such user.'));
    else done(null, id);
  });
  own.deserializeUser<string>((id, done) => done(null, { id }));
  return own;
}

/** Passport is middleware: on Fastify it works on the request of Node itself. */
function passportRequest({ req }: HandlerContext): PassportRequest {
  const raw: unknown = 'raw' in req ? req['raw'] : req;
  return raw as PassportRequest;
}

const signIn = (context: HandlerContext, id: string, options = {}) =>
  new Promise<void>((resolve, reject) => {
    passportRequest(context).logIn({ id }, options, (error) => (error ? reject(error) : resolve()));
  });

const signOut = (context: HandlerContext, options = {}) =>
  new Promise<void>((resolve, reject) => {
    passportRequest(context).logOut(options, (error) => (error ? reject(error) : resolve()));
  });

const userOf = (context: HandlerContext) => passportRequest(context).user ?? null;

describe.each(PAIRS)('Passport on %s', (platform, driver) => {
  describe(`with ${driver}`, () => {
    let app: HandlerApp;

    @Module({})
    class PassportModule implements NestModule {
      configure(consumer: MiddlewareConsumer) {
        const own = newPassport();
        consumer.apply(own.initialize(), own.session()).forRoutes('{*path}');
      }
    }

    beforeAll(async () => {
      app = await HandlerApp.start(platform, { options: { driver }, imports: [PassportModule] });
    });
    afterAll(async () => {
      await app[Symbol.asyncDispose]();
    });

    it('finds no user at first, and begins no session by checking', async () => {
      const { value, cookies } = await app
        .visitor()
        .handle((_session, context) => [userOf(context), passportRequest(context).isAuthenticated()]);
      expect(value).toEqual([null, false]);
      expect(cookies).toEqual([]);
    });

    it('signs in under a new id, and keeps what was there before', async () => {
      const visitor = app.visitor();
      const before = await visitor.handle(
        (session) => session.put('cart', ['tea']).flash('status', 'Hello').id,
      );
      const after = await visitor.in(async (session, context) => {
        await signIn(context, 'ada');
        return session.id;
      });
      expect(after).not.toBe(before.value);
      const seen = await visitor.in((session, context) => [
        userOf(context),
        session.id,
        session.get('cart'),
        session.get('passport'),
        session.get('passport.user'),
      ]);
      expect(seen).toEqual([{ id: 'ada' }, after, ['tea'], { user: 'ada' }, 'ada']);
      if (driver === 'stealth') return;
      // The old id is not signed in.
      const headers = before.asHeaders;
      expect(await app.visitor().in((_session, context) => userOf(context), { headers })).toBeNull();
    });

    it('signs in a visitor without a session', async () => {
      const visitor = app.visitor();
      await visitor.in((_session, context) => signIn(context, 'ada'));
      expect(await visitor.in((_session, context) => userOf(context))).toEqual({ id: 'ada' });
    });

    it('signs out under a new id, and keeps everything except the user', async () => {
      const visitor = app.visitor();
      const signedIn = await visitor.handle(async (session, context) => {
        await signIn(context, 'ada');
        return session.put('theme', 'dark').id;
      });
      const after = await visitor.in(async (session, context) => {
        await signOut(context);
        return [session.id, userOf(context)];
      });
      expect(after[0]).not.toBe(signedIn.value);
      expect(after[1]).toBeNull();
      expect(
        await visitor.in((session, context) => [userOf(context), session.id, session.get('theme')]),
      ).toEqual([null, after[0], 'dark']);
      if (driver === 'stealth') return;
      const headers = signedIn.asHeaders;
      expect(await app.visitor().in((_session, context) => userOf(context), { headers })).toBeNull();
    });

    it('does the same with keepSessionInfo, which is not needed here', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('cart', ['tea']));
      await visitor.in((_session, context) => signIn(context, 'ada', { keepSessionInfo: true }));
      expect(await visitor.in((session, context) => [userOf(context), session.get('cart')])).toEqual([
        { id: 'ada' },
        ['tea'],
      ]);
      await visitor.in((_session, context) => signOut(context, { keepSessionInfo: true }));
      expect(await visitor.in((session, context) => [userOf(context), session.get('cart')])).toEqual([
        null,
        ['tea'],
      ]);
    });

    it('signs in one user after another', async () => {
      const visitor = app.visitor();
      await visitor.in((_session, context) => signIn(context, 'ada'));
      await visitor.in((_session, context) => signIn(context, 'grace'));
      expect(await visitor.in((_session, context) => userOf(context))).toEqual({ id: 'grace' });
    });

    it('passes an error to its caller, and signs nobody in', async () => {
      const visitor = app.visitor();
      await visitor.in((session) => session.put('cart', ['tea']));
      const outcome = await visitor.in((_session, context) =>
        signIn(context, 'nobody').catch((error: unknown) => error),
      );
      expect(outcome).toEqual(new Error('No such user.'));
      expect(await visitor.in((session, context) => [userOf(context), session.get('cart')])).toEqual([
        null,
        ['tea'],
      ]);
    });
  });
});

describe('Passport set up in main.ts', () => {
  it('finds the session that SessionMiddleware has opened before it', async () => {
    const configure: HandlerAppSetup['configure'] = (nest) => {
      const own = newPassport();
      // oxlint-disable-next-line typescript/unbound-method -- bound by its constructor: this is the documented way
      nest.use(nest.get(SessionMiddleware).use);
      nest.use(own.initialize());
      nest.use(own.session());
    };
    await using app = await HandlerApp.start('express', { configure });
    const visitor = app.visitor();
    await visitor.in((_session, context) => signIn(context, 'ada'));
    expect(await visitor.in((_session, context) => userOf(context))).toEqual({ id: 'ada' });
  });
});
