import type { HttpSessions } from './http-sessions.js';
import type { RawRequest } from './raw-http.js';

/** What middleware and hooks call when they are through: with an error, or with nothing. */
export type Done = (error?: unknown) => void;

/** Functions that enter the context of the request that they are called for. They are never wrapped again. */
const bound = new WeakSet<object>();

/** Whether a function enters the context of its request already. */
export function isBound(called: object): boolean {
  return bound.has(called);
}

/** Declares that a function enters the context itself. */
export function declareBound<T extends object>(called: T): T {
  bound.add(called);
  return called;
}

/**
 * Gives a wrapper the prototype, the name and the number of parameters of what it wraps: Express, Fastify and Nest look at
 * them to tell error handlers, and functions that call back, from others.
 */
export function likeOriginal<T extends object>(wrapper: T, original: CallableFunction): T {
  Object.setPrototypeOf(wrapper, Reflect.getPrototypeOf(original));
  Object.defineProperties(wrapper, { name: { value: original.name }, length: { value: original.length } });
  return declareBound(wrapper);
}

/**
 * Calls something in the context of a request, from outside of it. A function of its own, so that callers that are inside
 * already create no closure.
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

/**
 * A function of Express's (middleware, an error handler, a callback for a parameter) that runs in the context of the request
 * that it is called for, whatever context it is called in.
 *
 * @param position of the request among the arguments. Default: that of middleware, where Express tells error handlers by their four
 * parameters
 */
export function bindToRequest(
  sessions: HttpSessions,
  called: CallableFunction,
  position = called.length === 4 ? 1 : 0,
): CallableFunction {
  if (bound.has(called)) return called;
  const wrapper = function (this: unknown, ...args: RawRequest[]): unknown {
    const req = args[position];
    if (req === undefined || sessions.isInContext(req)) return Reflect.apply(called, this, args);
    return callInContext(sessions, req, called, this, args);
  };
  return likeOriginal(wrapper, called);
}
