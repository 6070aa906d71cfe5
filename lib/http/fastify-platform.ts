import {
  type Hook,
  type HookedFastify,
  REQUEST_HOOKS,
  callInOwnContext,
  hookInOwnContext,
  isHook,
  keepContextOfHooks,
} from './hooks-in-own-context.js';
import type { HttpSessions } from './http-sessions.js';
import { type Done, type Middleware, allInOwnContext } from './own-context.js';
import type { PlatformRequest, RawRequest, RawResponse } from './raw-http.js';
import { addTemplateLocals } from './template-locals.js';

interface FastifyRequestLike extends PlatformRequest {
  readonly raw: RawRequest;
}

interface FastifyReplyLike {
  readonly raw: RawResponse;
  /** What @fastify/view merges into each template's data; absent without it. */
  readonly locals?: object | null;
}

type ErrorHandler = (
  this: unknown,
  error: unknown,
  request: FastifyRequestLike,
  ...rest: unknown[]
) => unknown;

/** The few members of a Fastify instance that are needed: no type of Fastify's is, so it can stay an optional peer. */
export interface FastifyLike extends HookedFastify {
  use: (...args: unknown[]) => unknown;
  setErrorHandler: (handler: ErrorHandler) => unknown;
  setNotFoundHandler: (...args: unknown[]) => unknown;
  hasRequestDecorator(name: string): boolean;
  decorateRequest(name: string, accessors: object): unknown;
}

export function openOnFastify(fastify: FastifyLike, sessions: HttpSessions): void {
  openBeforeMiddleware(fastify, sessions);
  const addHook = keepContextOfHooks(fastify, sessions);
  addHook('onRequest', (request: FastifyRequestLike, reply: FastifyReplyLike, done: Done) => {
    sessions.open(request.raw, reply.raw, request, done);
  });
  addHook('preValidation', (request: FastifyRequestLike, reply: FastifyReplyLike, done: Done) => {
    if (typeof reply.locals === 'object' && reply.locals !== null) {
      addTemplateLocals(reply.locals, {}, () => sessions.of(request.raw));
    }
    // A body that arrives late is parsed from an event of the socket. Fastify's own parsers come back into the context
    // of the request, those of plugins need not.
    sessions.enter(request.raw, done);
  });
  keepContextOfHandlers(fastify, sessions);
  for (const [name, accessor] of Object.entries(sessions.properties)) {
    // Someone else's stays: nobody registers two session libraries by accident.
    if (fastify.hasRequestDecorator(name)) continue;
    fastify.decorateRequest(name, {
      getter(this: FastifyRequestLike): unknown {
        return accessor.get?.call(this.raw);
      },
      setter(this: FastifyRequestLike, value: unknown) {
        accessor.set?.call(this.raw, value);
      },
    });
  }
}

/**
 * Nest hands its middleware to `use`, which runs in a hook before ours. Only where there is middleware at all, ours has to be
 * the first of it: the machinery of middleware costs more than the session itself.
 */
function openBeforeMiddleware(fastify: FastifyLike, sessions: HttpSessions): void {
  const { use } = fastify;
  let first = true;
  fastify.use = function useAfterSession(this: unknown, ...args: unknown[]): unknown {
    if (first) {
      first = false;
      const middleware: Middleware = (req, res, next) => {
        sessions.open(req, res, null, next);
      };
      use.call(this, middleware);
    }
    return use.apply(this, allInOwnContext(sessions, args));
  };
}

function keepContextOfHandlers(fastify: FastifyLike, sessions: HttpSessions): void {
  fastify.addHook('onRoute', (route: { handler: Hook } & Record<string, unknown>) => {
    route.handler = callInOwnContext(sessions, route.handler);
    for (const name of REQUEST_HOOKS) {
      if (route[name] !== undefined) route[name] = hookInOwnContext(sessions, route[name]);
    }
  });
  const { setErrorHandler, setNotFoundHandler } = fastify;
  fastify.setErrorHandler = function setErrorHandlerInOwn(this: unknown, handler) {
    return setErrorHandler.call(this, function inOwn(error, request, ...rest) {
      return sessions.enter(request.raw, () => handler.call(this, error, request, ...rest));
    });
  };
  fastify.setNotFoundHandler = function setNotFoundHandlerInOwn(this: unknown, ...args) {
    return setNotFoundHandler.apply(
      this,
      args.map((each) => (isHook(each) ? callInOwnContext(sessions, each) : each)),
    );
  };
}

export function isFastify(instance: unknown): instance is FastifyLike {
  return typeof instance === 'object' && instance !== null && 'decorateRequest' in instance;
}
