import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import cookieSession from 'cookie-session';
import express, { type Express, type RequestHandler } from 'express';
import session, { type Store } from 'express-session';
import fastify from 'fastify';
import { getIronSession } from 'iron-session';
import {
  type SessionSource,
  fromCookieSession,
  fromExpressSession,
  fromFastifySession,
  fromIronSession,
} from 'nestjs-session-kit/migrate';

export const OLD_SECRET = 'the secret of the application before';

/** What every old application stores for a signed-in visitor. */
export const SIGNED_IN = { user: 'ann', cart: ['mug', 'tea'], passport: { user: 'u-1' } };

/** An old application, with `POST /in`, `POST /out` and `GET /me`, and the source for the new one. */
export interface OldApp {
  readonly url: string;
  readonly source: SessionSource;
  /** The name of its cookie. */
  readonly cookieName: string;
  /** How many sessions it stores; null if they are in the cookie alone. */
  readonly kept: (() => Promise<number>) | null;
  /** Whether each session has a unique cookie. */
  readonly isTold: boolean;
  readonly close: () => Promise<void>;
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function expressApp(
  sessions: RequestHandler,
  out: RequestHandler,
): Promise<{ url: string; close: () => Promise<void> }> {
  const app: Express = express();
  app.use(sessions);
  app.post('/in', (req, res) => {
    Object.assign(req.session, SIGNED_IN);
    res.json({});
  });
  app.post('/out', out);
  app.get('/me', (req, res) => {
    res.json({ user: Reflect.get(req.session ?? {}, 'user') ?? null });
  });
  const server = createServer(app);
  const url = await listening(server);
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** @param kept counts what the store holds */
export async function expressSessionApp(store: Store, kept: () => Promise<number>): Promise<OldApp> {
  const options = { secret: [OLD_SECRET], store, resave: false, saveUninitialized: false };
  const app = await expressApp(session({ ...options, cookie: { maxAge: 3_600_000 } }), (req, res, next) => {
    req.session.destroy((error: unknown) => (error ? next(error) : res.json({})));
  });
  return {
    ...app,
    source: fromExpressSession({ secret: OLD_SECRET, store, userId: 'passport.user' }),
    cookieName: 'connect.sid',
    isTold: true,
    kept,
  };
}

export async function cookieSessionApp(): Promise<OldApp> {
  const app = await expressApp(cookieSession({ keys: ['a newer key', OLD_SECRET] }), (req, res) => {
    Reflect.set(req, 'session', null);
    res.json({});
  });
  return {
    ...app,
    source: fromCookieSession({ keys: ['a newer key', OLD_SECRET], userId: 'passport.user' }),
    cookieName: 'session',
    isTold: false,
    kept: null,
  };
}

export async function ironSessionApp(): Promise<OldApp> {
  const options = { password: OLD_SECRET, cookieName: 'iron', cookieOptions: { secure: false } };
  const open = (...given: Parameters<RequestHandler>) =>
    getIronSession<{ user?: string }>(given[0], given[1], options);
  const server = createServer((req, res) => {
    void (async () => {
      const current = await open(req as never, res as never, () => undefined);
      if (req.url === '/in') {
        Object.assign(current, SIGNED_IN);
        await current.save();
      }
      if (req.url === '/out') current.destroy();
      res.end(JSON.stringify({ user: current.user ?? null }));
    })();
  });
  const url = await listening(server);
  return {
    url,
    close: () => new Promise((resolve) => server.close(() => resolve())),
    source: fromIronSession({
      password: OLD_SECRET,
      cookieName: 'iron',
      cookie: options.cookieOptions,
      userId: 'passport.user',
    }),
    cookieName: 'iron',
    isTold: true,
    kept: null,
  };
}

/** @param kept counts what the store holds */
export async function fastifySessionApp(
  store: fastifySession.SessionStore,
  kept: () => Promise<number>,
): Promise<OldApp> {
  const app = fastify({ forceCloseConnections: true });
  await app.register(fastifyCookie);
  await app.register(fastifySession, {
    secret: OLD_SECRET,
    store,
    saveUninitialized: false,
    cookie: { secure: false, maxAge: 3_600_000 },
  });
  app.post('/in', (request, reply) => {
    Object.assign(request.session, SIGNED_IN);
    void reply.send({});
  });
  app.post('/out', (request, reply) => {
    request.session.destroy((error) => void reply.send(error ?? {}));
  });
  app.get('/me', (request, reply) => {
    void reply.send({ user: Reflect.get(request.session, 'user') ?? null });
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    url,
    source: fromFastifySession({
      secret: OLD_SECRET,
      store,
      cookie: { secure: false },
      userId: 'passport.user',
    }),
    cookieName: 'sessionId',
    isTold: true,
    kept,
    close: () => app.close(),
  };
}
