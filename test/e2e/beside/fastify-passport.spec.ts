import { Authenticator } from '@fastify/passport';
import { Controller, Get, Post, Req } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { Strategy } from 'passport-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session } from 'nestjs-session-kit';
import { TestApp } from '../../support/test-app.js';

/** What @fastify/passport adds to a request. */
interface PassportRequest {
  readonly user: { id: string } | null;
  isAuthenticated(): boolean;
  logOut(): Promise<void>;
}

/** What @fastify/flash adds to a reply. */
interface FlashReply {
  flash(): object;
  send(payload: object): unknown;
}

@Controller()
class AccountController {
  @Get('me')
  me(@Req() req: PassportRequest, @Session() session: Session) {
    return {
      user: req.user?.id ?? null,
      isSignedIn: req.isAuthenticated(),
      cart: session.get('cart', null),
    };
  }

  @Post('cart')
  cart(@Session() session: Session) {
    session.put({ cart: ['tea'], returnTo: '/checkout' });
    return { id: session.id };
  }

  @Get('id')
  id(@Session() session: Session) {
    return { id: session.id };
  }

  @Post('sign-out')
  async signOut(@Req() req: PassportRequest) {
    await req.logOut();
    return {};
  }
}

/** Without a type @fastify/passport flashes nothing. */
const WRONG = { type: 'error', message: 'Wrong password.' };

function newPassport(): InstanceType<typeof Authenticator> {
  const passport = new Authenticator();
  passport.registerUserSerializer((user: object) => Promise.resolve(String(Reflect.get(user, 'id'))));
  passport.registerUserDeserializer((id: string) => Promise.resolve(id === 'gone' ? null : { id }));
  passport.use(
    new Strategy((id, password, done) => {
      if (password === 'right') done(null, { id });
      else done(null, false, WRONG);
    }),
  );
  return passport;
}

const OPTIONS = { failureFlash: true, failureRedirect: '/sign-in', successReturnToOrRedirect: '/me' };

describe.each(['memory', 'stealth'])('@fastify/passport, unmodified, with %s,', (driver) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start('fastify', {
      controllers: [AccountController],
      options: { driver },
      configure: async (nest) => {
        // It requires request.session when it is registered.
        await nest.init();
        const adapter = nest.getHttpAdapter();
        if (!(adapter instanceof FastifyAdapter)) throw new Error('Not on Fastify.');
        const fastify = adapter.getInstance();
        const passport = newPassport();
        await fastify.register(passport.initialize());
        await fastify.register(passport.secureSession());
        const forgetting = { preValidation: passport.authenticate('local', OPTIONS) };
        const keeping = {
          preValidation: passport.authenticate('local', { ...OPTIONS, keepSessionInfo: true }),
        };
        fastify.post('/sign-in', forgetting, () => ({}));
        fastify.post('/sign-in-and-keep', keeping, () => ({}));
        fastify.get('/messages', (_request: unknown, reply: FlashReply) => reply.send(reply.flash()));
      },
    });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  const form = (
    visitor: ReturnType<TestApp['visitor']>,
    path: string,
    username: string,
    password = 'right',
  ) => visitor.post(path).send({ username, password }).redirects(0).expect(302);

  it('begins no session for a visitor who only looks', async () => {
    const response = await app
      .visitor()
      .get('/me')
      .expect(200, { user: null, isSignedIn: false, cart: null });
    expect(response.headers).not.toHaveProperty('set-cookie');
  });

  it('signs in under a new id, and redirects to where the visitor was', async () => {
    const visitor = app.visitor();
    const before = await visitor.post('/cart').expect(201);
    const signedIn = await form(visitor, '/sign-in-and-keep', 'ada');
    expect(signedIn.headers['location']).toBe('/checkout');
    await visitor.get('/me').expect(200, { user: 'ada', isSignedIn: true, cart: ['tea'] });
    expect((await visitor.get('/id')).body.id).not.toBe(before.body.id);
    await app.visitor().get('/me').expect(200, { user: null, isSignedIn: false, cart: null });
  });

  it('drops the earlier values unless told to keep them', async () => {
    const visitor = app.visitor();
    await visitor.post('/cart').expect(201);
    expect((await form(visitor, '/sign-in', 'ada')).headers['location']).toBe('/me');
    await visitor.get('/me').expect(200, { user: 'ada', isSignedIn: true, cart: null });
  });

  it('signs out under another id', async () => {
    const visitor = app.visitor();
    await form(visitor, '/sign-in', 'ada');
    const before = await visitor.get('/id');
    await visitor.post('/sign-out').expect(201);
    await visitor.get('/me').expect(200, { user: null, isSignedIn: false, cart: null });
    expect((await visitor.get('/id')).body.id).not.toBe(before.body.id);
  });

  it('signs out a user whose account is gone', async () => {
    const visitor = app.visitor();
    await form(visitor, '/sign-in', 'gone');
    await visitor.get('/me').expect(200, { user: null, isSignedIn: false, cart: null });
  });

  it('flashes what was wrong through the @fastify/flash that it brings along', async () => {
    const visitor = app.visitor();
    expect((await form(visitor, '/sign-in', 'ada', 'wrong')).headers['location']).toBe('/sign-in');
    await visitor.get('/messages').expect(200, { error: ['Wrong password.'] });
    await visitor.get('/messages').expect(200, {});
  });
});

interface FlashRequest {
  flash(type: string, message?: string): unknown;
}

@Controller('notes')
class NotesController {
  @Post()
  add(@Req() request: FlashRequest) {
    return { count: request.flash('note', 'Saved.') };
  }

  @Get()
  read(@Req() request: FlashRequest) {
    return { notes: request.flash('note') };
  }
}

it('@fastify/passport, registered for some routes, leaves `request.flash` of all others alone', async () => {
  await using app = await TestApp.start('fastify', {
    controllers: [NotesController],
    configure: async (nest) => {
      await nest.init();
      const adapter = nest.getHttpAdapter();
      if (!(adapter instanceof FastifyAdapter)) throw new Error('Not on Fastify.');
      await adapter.getInstance().register(async (scope: FastifyInstance) => {
        const passport = newPassport();
        await scope.register(passport.initialize());
        await scope.register(passport.secureSession());
        scope.post('/sign-in', { preValidation: passport.authenticate('local', OPTIONS) }, () => ({}));
        scope.get('/messages', (_request: unknown, reply: FlashReply) => reply.send(reply.flash()));
      });
    },
  });
  const visitor = app.visitor();
  await visitor.post('/notes').expect(201, { count: 1 });
  await visitor.get('/notes').expect(200, { notes: ['Saved.'] });
  await visitor.post('/sign-in').send({ username: 'ada', password: 'wrong' }).redirects(0).expect(302);
  await visitor.get('/messages').expect(200, { error: ['Wrong password.'] });
});
