import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { All, Controller, Get, Post, Req, Session as NestSession } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import flash from 'connect-flash';
import { csrfSync } from 'csrf-sync';
import lusca from 'lusca';
import passport from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import { Strategy as OAuth2Strategy } from 'passport-oauth2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Session, SessionMiddleware } from 'nestjs-session-kit';
import { TestApp } from '../support/test-app.js';

/** What Passport and similar libraries add to a request. */
type Companion = Record<string, unknown> & { flash(type?: string): unknown; user?: { id: string } };

@Controller()
class PageController {
  @Get('messages')
  messages(@Req() req: Companion) {
    return req.flash();
  }

  @Get('token')
  token(@Req() req: { csrfToken(): string }) {
    return { token: req.csrfToken() };
  }

  @Post('change')
  change(@NestSession() session: Session) {
    session.put('changed', true);
    return {};
  }

  @All('me')
  me(@Req() req: Companion, @NestSession() session: Session) {
    return {
      user: req.user?.id ?? null,
      cart: session.get('cart', null),
      returnTo: session.get('returnTo', null),
    };
  }

  @Post('cart')
  cart(@NestSession() session: Session) {
    session.put({ cart: ['tea'], returnTo: '/checkout?step=2' });
    return {};
  }
}

/** Mounts companions after the session, as main.ts does. */
function begin(driver: string, use: (app: NestExpressApplication) => void): Promise<TestApp> {
  return TestApp.start('express', {
    controllers: [PageController],
    options: { driver },
    configure: (nest) => {
      const sessions = nest.get(SessionMiddleware);
      nest.use(sessions.use.bind(sessions));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the application was started on Express
      use(nest as NestExpressApplication);
    },
  });
}

function localPassport(): InstanceType<typeof passport.Passport> {
  const own = new passport.Passport();
  own.serializeUser((user, done) => done(null, Reflect.get(user, 'id')));
  own.deserializeUser<string>((id, done) => done(null, { id }));
  own.use(
    new LocalStrategy((name, password, done) => {
      if (password === 'right') done(null, { id: name });
      else done(null, false, { message: 'Wrong password.' });
    }),
  );
  return own;
}

describe.each(['memory', 'stealth'])('libraries made for express-session, unmodified, with %s:', (driver) => {
  it("Passport's successReturnToOrRedirect, keepSessionInfo, failureFlash and successFlash", async () => {
    await using app = await begin(driver, (nest) => {
      const own = localPassport();
      nest.useBodyParser('urlencoded', { extended: true });
      nest.use(own.initialize(), own.session());
      const options = { failureFlash: true, successFlash: 'Welcome back.', keepSessionInfo: true };
      nest.use('/sign-in', (...args: Parameters<ReturnType<typeof own.authenticate>>) => {
        const handle: unknown = own.authenticate('local', {
          ...options,
          successReturnToOrRedirect: '/',
          failureRedirect: '/sign-in',
        });
        return Reflect.apply(Object(handle), undefined, args);
      });
    });
    const visitor = app.visitor();
    await visitor.post('/cart').expect(201);
    const form = (password: string) =>
      visitor.post('/sign-in').type('form').send({ username: 'ada', password }).redirects(0);
    expect((await form('wrong').expect(302)).headers['location']).toBe('/sign-in');
    await visitor.get('/messages').expect(200, { error: ['Wrong password.'] });
    expect((await form('right').expect(302)).headers['location']).toBe('/checkout?step=2');
    await visitor.get('/messages').expect(200, { success: ['Welcome back.'] });
    await visitor.get('/messages').expect(200, {});
    await visitor.get('/me').expect(200, { user: 'ada', cart: ['tea'], returnTo: null });
  });

  it.each([
    ['finds its place taken and leaves it', undefined],
    ['is told to take the place of what is there', { unsafe: true }],
  ])('connect-flash, which %s', async (_what, options) => {
    await using app = await begin(driver, (nest) => {
      nest.use(flash(options));
      nest.use(
        '/queue',
        (req: { flash(type: string, text: string): number }, res: { json(body: unknown): void }) => {
          res.json([req.flash('info', 'one'), req.flash('info', 'two')]);
        },
      );
    });
    const visitor = app.visitor();
    await visitor.get('/queue').expect(200, [1, 2]);
    await visitor.get('/me').expect(200);
    await visitor.get('/messages').expect(200, { info: ['one', 'two'] });
    await visitor.get('/messages').expect(200, {});
  });

  it('lusca, whose refusals are plain errors, which Nest answers with 500', async () => {
    await using app = await begin(driver, (nest) => {
      nest.use(lusca({ csrf: true, xframe: 'SAMEORIGIN' }));
      nest.use(
        '/token',
        (_req: unknown, res: { locals: Record<string, string>; json(body: unknown): void }) => {
          res.json({ token: res.locals['_csrf'] });
        },
      );
    });
    const visitor = app.visitor();
    const { body } = await visitor.get('/token').expect(200);
    await visitor.post('/change').expect(500);
    await visitor.post('/change').set('x-csrf-token', String(body.token)).expect(201);
    await app.visitor().post('/change').set('x-csrf-token', String(body.token)).expect(500);
  });

  it('csrf-sync', async () => {
    const { csrfSynchronisedProtection } = csrfSync();
    await using app = await begin(driver, (nest) => void nest.use(csrfSynchronisedProtection));
    const visitor = app.visitor();
    const { body } = await visitor.get('/token').expect(200);
    await visitor.post('/change').expect(403);
    await visitor.post('/change').set('x-csrf-token', String(body.token)).expect(201);
    await app.visitor().post('/change').set('x-csrf-token', String(body.token)).expect(403);
  });

  describe('passport-oauth2', () => {
    let provider: Server;
    beforeEach(async () => {
      provider = createServer((_req, res) => {
        res
          .setHeader('content-type', 'application/json')
          .end(JSON.stringify({ access_token: 'a', token_type: 'bearer' }));
      });
      await new Promise<void>((resolve) => {
        provider.listen(0, '127.0.0.1', resolve);
      });
    });
    afterEach(() => {
      provider.close();
      provider.closeAllConnections();
    });

    it('keeps its state in the session, accepts it once, and refuses it from another visitor', async () => {
      const { port } = provider.address() as AddressInfo;
      await using app = await begin(driver, (nest) => {
        const own = localPassport();
        own.use(
          new OAuth2Strategy(
            {
              authorizationURL: `http://127.0.0.1:${port}/authorize`,
              tokenURL: `http://127.0.0.1:${port}/token`,
              clientID: 'shop',
              clientSecret: 'a secret of the shop',
              callbackURL: '/callback',
              state: true,
            },
            (
              _access: string,
              _refresh: string,
              _profile: unknown,
              done: (error: null, user: object) => void,
            ) => {
              done(null, { id: 'ada' });
            },
          ),
        );
        nest.use(own.initialize(), own.session());
        const authenticate = (options: object) => own.authenticate('oauth2', options);
        nest.use('/with-provider', authenticate({}));
        nest.use('/callback', authenticate({ successRedirect: '/me', failureRedirect: '/refused' }));
      });
      const visitor = app.visitor();
      const sent = await visitor.get('/with-provider').redirects(0).expect(302);
      const state = new URL(String(sent.headers['location'])).searchParams.get('state') ?? '';
      const stranger = await app.visitor().get(`/callback?code=c&state=${state}`).redirects(0);
      expect(stranger.headers['location']).toBe('/refused');
      const back = await visitor.get(`/callback?code=c&state=${state}`).redirects(0).expect(302);
      expect(back.headers['location']).toBe('/me');
      await visitor.get('/me').expect(200, { user: 'ada', cart: null, returnTo: null });
      const again = await visitor.get(`/callback?code=c&state=${state}`).redirects(0);
      expect(again.headers['location']).toBe('/refused');
    });
  });
});
