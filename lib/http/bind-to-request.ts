import type { HttpSessions } from './http-sessions.js';
import type { RawRequest, RawResponse } from './raw-http.js';

export type Done = (error?: unknown) => void;

export type Middleware = (req: RawRequest, res: RawResponse, next: Done) => unknown;

type ErrorMiddleware = (error: unknown, req: RawRequest, res: RawResponse, next: Done) => unknown;

/** What runs in the context of its own request already, whatever way it comes here again. */
const own = new WeakSet<object>();

/** Whether something runs in the context of its own request already. */
export function isBound(called: object): boolean {
  return own.has(called);
}

/** Says of a function that it enters the context itself. */
export function markAsBound<T extends object>(called: T): T {
  own.add(called);
  return called;
}

/**
 * Lets one function stand for another: of its kind, with its name and its number of parameters. Express, Fastify and Nest
 * look at them, to tell what errors are led to, and who calls back.
 */
export function standIn<T extends object>(wrapped: T, before: CallableFunction): T {
  Object.setPrototypeOf(wrapped, Reflect.getPrototypeOf(before));
  Object.defineProperties(wrapped, { name: { value: before.name }, length: { value: before.length } });
  return markAsBound(wrapped);
}

/**
 * Calls something in the context of a request that it is not in. In a function of its own, so that who is in the right
 * context makes no closure, and no scope for one.
 */
export function callInContext(
  sessions: HttpSessions,
  req: RawRequest,
  called: CallableFunction,
  self: unknown,
  args: readonly unknown[],
): unknown {
  return sessions.runInContext(req, () => Reflect.apply(called, self, args));
}

/** Middleware that runs in the context of the request that it is called for, whatever context it is called in. */
export function inOwnContext(sessions: HttpSessions, middleware: Middleware | ErrorMiddleware): unknown {
  if (own.has(middleware)) return middleware;
  const wrapped = isForErrors(middleware)
    ? function (this: unknown, error: unknown, req: RawRequest, res: RawResponse, next: Done): unknown {
        if (sessions.isInContext(req)) return middleware.call(this, error, req, res, next);
        return callInContext(sessions, req, middleware, this, [error, req, res, next]);
      }
    : function (this: unknown, req: RawRequest, res: RawResponse, next: Done): unknown {
        if (sessions.isInContext(req)) return middleware.call(this, req, res, next);
        return callInContext(sessions, req, middleware, this, [req, res, next]);
      };
  return standIn(wrapped, middleware);
}

/** What a router calls for a request. */
export function isMiddleware(value: unknown): value is Middleware {
  return typeof value === 'function';
}

function isForErrors(middleware: Middleware | ErrorMiddleware): middleware is ErrorMiddleware {
  return middleware.length === 4;
}
