import type { HttpSessions } from './http-sessions.js';
import type { RawRequest, RawResponse } from './raw-http.js';

export type Done = (error?: unknown) => void;

export type Middleware = (req: RawRequest, res: RawResponse, next: Done) => unknown;

type ErrorMiddleware = (error: unknown, req: RawRequest, res: RawResponse, next: Done) => unknown;

/**
 * Middleware that runs in the context of the request that it is called for, whatever context it is called in. What errors
 * are led to (four parameters) stays that, and its name stays its name: Express and Nest look at both.
 */
export function inOwnContext(sessions: HttpSessions, middleware: Middleware): Middleware;
export function inOwnContext(
  sessions: HttpSessions,
  middleware: Middleware | ErrorMiddleware,
): Middleware | ErrorMiddleware {
  const wrapped = isForErrors(middleware)
    ? function (this: unknown, error: unknown, req: RawRequest, res: RawResponse, next: Done): unknown {
        return sessions.enter(req, () => middleware.call(this, error, req, res, next));
      }
    : function (this: unknown, req: RawRequest, res: RawResponse, next: Done): unknown {
        if (sessions.isEntered(req)) return middleware.call(this, req, res, next);
        return sessions.enter(req, () => middleware.call(this, req, res, next));
      };
  return Object.defineProperty(wrapped, 'name', { value: middleware.name });
}

/** What `use` is handed: paths stay as they are. */
export function allInOwnContext(sessions: HttpSessions, args: readonly unknown[]): unknown[] {
  return args.map((each) => (isMiddleware(each) ? inOwnContext(sessions, each) : each));
}

/** What a router calls for a request. */
export function isMiddleware(value: unknown): value is Middleware {
  return typeof value === 'function';
}

function isForErrors(middleware: Middleware | ErrorMiddleware): middleware is ErrorMiddleware {
  return middleware.length === 4;
}
