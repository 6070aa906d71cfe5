import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import {
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  type OnModuleDestroy,
  Post,
  Redirect,
  Req,
  UseGuards,
} from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AuthGuard, PassportModule, PassportSerializer, PassportStrategy } from '@nestjs/passport';
import passport from 'passport';
import { Strategy } from 'passport-oauth2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session, SessionMiddleware } from 'nestjs-session-kit';
import { PLATFORMS, TestApp, type TestApplication } from '../../support/test-app.js';

type Done = (error: unknown, value?: unknown) => void;

/** An identity provider on a free port of this machine: issues codes, and checks the verifier (RFC 7636, 4.6). */
class Provider implements AsyncDisposable {
  readonly #challenges = new Map<string, string>();
  readonly #server = createServer((req, res) => {
    const url = new URL(req.url ?? '', this.url);
    if (url.pathname === '/authorize') {
      const code = `code-${this.#challenges.size}`;
      this.#challenges.set(code, url.searchParams.get('code_challenge') ?? '');
      const back = new URL(url.searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('code', code);
      back.searchParams.set('state', url.searchParams.get('state') ?? '');
      res.writeHead(302, { location: back.href }).end();
      return;
    }
    let body = '';
    req.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    req.on('end', () => {
      const form = new URLSearchParams(body);
      const verifier = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      const isRight = this.#challenges.get(form.get('code') ?? '') === verifier;
      const answer = isRight ? { access_token: 'ada', token_type: 'bearer' } : { error: 'invalid_grant' };
      res.writeHead(isRight ? 200 : 400, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  url = '';

  async start(): Promise<this> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('It listens on no port.');
    this.url = `http://127.0.0.1:${address.port}`;
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

/** Under a name of its own: @nestjs/passport registers it with the one Passport of the process. */
const STRATEGY = 'test-oauth2';

function moduleFor(provider: Provider) {
  @Injectable()
  class ProviderStrategy extends PassportStrategy(Strategy, STRATEGY) implements OnModuleDestroy {
    constructor() {
      super({
        authorizationURL: `${provider.url}/authorize`,
        tokenURL: `${provider.url}/token`,
        clientID: 'shop',
        clientSecret: 'a secret of the shop',
        callbackURL: 'http://shop.test/callback',
        state: true,
        pkce: true,
      });
    }

    validate(accessToken: string) {
      return { id: accessToken };
    }

    onModuleDestroy() {
      passport.unuse(STRATEGY);
    }
  }

  @Injectable()
  class UserSerializer extends PassportSerializer {
    serializeUser(user: { id: string }, done: Done) {
      done(null, user.id);
    }

    deserializeUser(id: string, done: Done) {
      done(null, { id });
    }
  }

  @Module({
    imports: [PassportModule.register({ session: true })],
    providers: [ProviderStrategy, UserSerializer],
    controllers: [AccountController],
  })
  class AccountModule {}
  return AccountModule;
}

@Injectable()
class ProviderGuard extends AuthGuard(STRATEGY) {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context);
    await super.logIn(context.switchToHttp().getRequest());
    return true;
  }

  /** Passport redirects the visitor by methods of Node's response. */
  getResponse(context: ExecutionContext): unknown {
    const response: { raw?: unknown } = context.switchToHttp().getResponse();
    return response.raw ?? response;
  }
}

@Controller()
class AccountController {
  @Post('cart')
  cart(@Session() session: Session) {
    session.put('cart', ['tea']);
    return {};
  }

  @Get('sign-in')
  @UseGuards(ProviderGuard)
  signIn() {
    throw new Error('Whoever is not signed in is sent to the provider.');
  }

  @Get('callback')
  @UseGuards(ProviderGuard)
  @Redirect('/me')
  callback() {}

  @Get('me')
  me(@Req() req: { user?: { id: string } }, @Session() session: Session) {
    return { user: req.user?.id ?? null, keys: Object.keys(session.all()).toSorted() };
  }

  @Post('sign-out')
  async signOut(@Req() req: { logOut(done: Done): void }) {
    await new Promise<void>((resolve, reject) => {
      req.logOut((error) => (error ? reject(error) : resolve()));
    });
    return {};
  }
}

async function usePassport(nest: TestApplication): Promise<void> {
  const steps = [passport.initialize(), passport.session()];
  const adapter = nest.getHttpAdapter();
  if (adapter instanceof FastifyAdapter) {
    await nest.init();
    for (const step of steps) {
      adapter.getInstance().addHook('preValidation', (request: unknown, reply: unknown, done: Done) => {
        Reflect.apply(step, passport, [request, reply, done]);
      });
    }
    return;
  }
  const sessions = nest.get(SessionMiddleware);
  nest.use(sessions.use.bind(sessions));
  for (const step of steps) nest.use(step);
}

describe.each(PLATFORMS)('@nestjs/passport with an OAuth 2 provider, state and PKCE, on %s', (platform) => {
  describe.each(['memory', 'stealth'])('with %s,', (driver) => {
    let provider: Provider;
    let app: TestApp;
    beforeAll(async () => {
      provider = await new Provider().start();
      app = await TestApp.start(platform, {
        imports: [moduleFor(provider)],
        options: { driver },
        configure: usePassport,
      });
    });
    afterAll(async () => {
      await app[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    });

    /** To the provider and back. @returns the path with which the provider sends a visitor back */
    async function visitProvider(visitor: ReturnType<TestApp['visitor']>): Promise<string> {
      const sent = await visitor.get('/sign-in').redirects(0).expect(302);
      const answer = await fetch(String(sent.headers['location']), { redirect: 'manual' });
      const back = new URL(answer.headers.get('location') ?? '');
      return `${back.pathname}${back.search}`;
    }

    it('signs in a visitor who comes back, once', async () => {
      const visitor = app.visitor();
      await visitor.post('/cart').expect(201);
      const back = await visitProvider(visitor);
      const signedIn = await visitor.get(back).redirects(0).expect(302);
      expect(signedIn.headers['location']).toBe('/me');
      await visitor.get('/me').expect(200, { user: 'ada', keys: ['cart', 'passport'] });
      await visitor.get(back).redirects(0).expect(401);
      await visitor.get('/me').expect(200, { user: 'ada', keys: ['cart', 'passport'] });
    });

    it('lets nobody else come back in place of a visitor', async () => {
      const visitor = app.visitor();
      const back = await visitProvider(visitor);
      await app.visitor().get(back).redirects(0).expect(401);
      const other = app.visitor();
      await visitProvider(other);
      await other.get(back).redirects(0).expect(401);
      await other.get('/me').expect(200, { user: null, keys: [] });
    });

    it('signs out', async () => {
      const visitor = app.visitor();
      await visitor
        .get(await visitProvider(visitor))
        .redirects(0)
        .expect(302);
      await visitor.post('/sign-out').expect(201);
      expect((await visitor.get('/me').expect(200)).body).toMatchObject({ user: null });
    });
  });
});
