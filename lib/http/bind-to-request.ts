import type { HttpSessions } from './http-sessions.js';
import type { RawRequest } from './raw-http.js';

/** The callback that middleware and hooks call when done, with or without an error. */
export type Done = (error?: unknown) => void;

/** A function with parameters of its own: a hook, a handler, a method of a class. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Whether a value is a function, whatever it takes and returns. */
export function isMethod(value: unknown): value is Method {
  return typeof value === 'function';
}

/** Functions that enter the context of their request by themselves. They are never wrapped again. */
const bound = new WeakSet<object>();

/** Whether a function already enters the context of its request. */
export function isBound(called: object): boolean {
  return bound.has(called);
}

/** Declares that a function enters the context of its request by itself. */
export function declareBound<T extends object>(called: T): T {
  bound.add(called);
  return called;
}

/**
 * Gives a wrapper the prototype, name and parameter count of the wrapped function: Express, Fastify and Nest
 * use them to recognize error handlers and functions that take a callback.
 */
export function likeOriginal<T extends object>(wrapper: T, original: CallableFunction): T {
  Object.setPrototypeOf(wrapper, Reflect.getPrototypeOf(original));
  Object.defineProperties(wrapper, { name: { value: original.name }, length: { value: original.length } });
  return declareBound(wrapper);
}

/**
 * Calls a function in the context of a request, from outside of it. Separate, so that callers already in the
 * context create no closure.
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
 * Wraps a function that is called with a request (middleware, a hook, an error handler, a parameter callback) so
 * that it runs in the context of that request, whatever context it is called in.
 *
 * @param position the request's position among the arguments. Default: that of middleware; Express recognizes
 * error handlers by their four parameters
 * @param isFastify whether it is called with Fastify's request, which leads to that of Node.js. Default: no
 */
export function bindToRequest(
  sessions: HttpSessions,
  called: CallableFunction,
  position = called.length === 4 ? 1 : 0,
  isFastify = false,
): CallableFunction {
  if (bound.has(called)) return called;
  const wrapper = function (this: unknown, ...args: (RawRequest & { readonly raw?: RawRequest })[]): unknown {
    const given = args[position];
    const req = isFastify ? given?.raw : given;
    if (req === undefined || sessions.isInContext(req)) return Reflect.apply(called, this, args);
    return callInContext(sessions, req, called, this, args);
  };
  return likeOriginal(wrapper, called);
}
