import type { HttpServer } from '@nestjs/common';
import { sessionContext } from '../session.context.js';
import type { HttpSessions } from './http-sessions.js';
import type { PlatformRequest, RawRequest, RawResponse } from './raw-http.js';
import { templateLocals } from './template-locals.js';

type Done = (error?: unknown) => void;

interface FastifyRequestLike extends PlatformRequest {
  readonly raw: RawRequest;
}

interface FastifyReplyLike {
  readonly raw: RawResponse;
  /** What @fastify/view merges into each template's data; absent without it. */
  readonly locals?: object | null;
}

/** The few members of a Fastify instance that are needed: no type of Fastify's is, so it can stay an optional peer. */
interface FastifyLike {
  use: (...args: unknown[]) => unknown;
  hasRequestDecorator(name: string): boolean;
  decorateRequest(name: string, accessors: object): unknown;
  addHook(
    name: 'onRequest' | 'preValidation',
    hook: (request: FastifyRequestLike, reply: FastifyReplyLike, done: Done) => void,
  ): unknown;
}

interface ExpressLike {
  use(middleware: (req: RawRequest, res: RawResponse, next: Done) => void): unknown;
  readonly locals: object;
}

/** Makes an HTTP server open the session of each request, before whatever is registered after this call. */
export function openOnEachRequest(adapter: HttpServer, sessions: HttpSessions): void {
  const instance: unknown = adapter.getInstance();
  if (isFastify(instance)) openOnFastify(instance, sessions);
  else if (isExpress(instance)) openOnExpress(instance, sessions);
}

function openOnExpress(app: ExpressLike, sessions: HttpSessions): void {
  app.use((req, res, next) => {
    sessions.open(req, res, null, next);
  });
  // Looked at when a template is rendered, and not on each request.
  for (const [name, get] of Object.entries(templateLocals)) {
    if (!Object.hasOwn(app.locals, name)) {
      Object.defineProperty(app.locals, name, { enumerable: true, configurable: true, get });
    }
  }
}

function openOnFastify(fastify: FastifyLike, sessions: HttpSessions): void {
  // Nest hands its middleware to `use`, which runs in a hook before ours. Only where there is middleware at all, ours
  // has to be the first of it: the machinery of middleware costs more than the session itself.
  const use = fastify.use;
  let first = true;
  fastify.use = function useAfterSession(this: unknown, ...args: unknown[]): unknown {
    if (first) {
      first = false;
      const middleware = (req: RawRequest, res: RawResponse, next: Done) => {
        sessions.open(req, res, null, next);
      };
      use.call(this, middleware);
    }
    return use.apply(this, args);
  };
  fastify.addHook('onRequest', (request, reply, done) => {
    sessions.open(request.raw, reply.raw, request, done);
  });
  fastify.addHook('preValidation', (request, reply, done) => {
    if (typeof reply.locals === 'object' && reply.locals !== null) addLocals(reply.locals);
    // A body that arrives late is parsed from an event of the socket. Fastify's own parsers come back into the context
    // of the request, those of plugins need not.
    const session = request.raw.session;
    if (session === undefined || sessionContext.getStore() === session) done();
    else sessions.open(request.raw, reply.raw, request, done);
  });
  // Someone else's `session` stays: nobody registers two session libraries by accident.
  if (!fastify.hasRequestDecorator('session')) {
    fastify.decorateRequest('session', {
      getter(this: FastifyRequestLike): unknown {
        return this.raw.session;
      },
      setter(this: FastifyRequestLike, session: unknown) {
        this.raw.session = session;
      },
    });
  }
}

function addLocals(locals: object): void {
  for (const [name, get] of Object.entries(templateLocals)) {
    if (!Object.hasOwn(locals, name))
      Object.defineProperty(locals, name, { enumerable: true, configurable: true, get });
  }
}

function isFastify(instance: unknown): instance is FastifyLike {
  return isObject(instance) && typeof instance['decorateRequest'] === 'function';
}

function isExpress(instance: unknown): instance is ExpressLike {
  return isObject(instance) && typeof instance['use'] === 'function' && isObject(instance['locals']);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null;
}
