import type { HttpSessions } from '../http-sessions.js';
import { callInContext, isBound, standIn } from '../bind-to-request.js';
import type { RawRequest } from '../raw-http.js';
import type { RouterBinding } from '../express/router-binding.js';

/** A method of an instance. Plugins call it on what inherits from the instance. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

/** The members of a Fastify instance that take what is called for a request. */
export interface RegisteringFastify {
  /** Absent until the plugin for middleware is registered. */
  use?: Method;
  decorate: Method;
  addHook: Method;
  addContentTypeParser: Method;
  setErrorHandler: Method;
  setNotFoundHandler: Method;
}

/** The hooks that run for a request, each handed the request first. Those of routes have the same names. */
const REQUEST_HOOKS = [
  'onRequest',
  'preParsing',
  'preValidation',
  'preHandler',
  'preSerialization',
  'onSend',
  'onResponse',
  'onError',
  'onTimeout',
  'onRequestAbort',
];

/**
 * Lets whatever is registered from now on run in the context of the request that it is called for, since what runs before it
 * may go on in a callback that belongs to another: hooks, middleware, handlers, parsers, what answers errors, and all that
 * single routes bring of these.
 */
export function bindFastify(
  fastify: RegisteringFastify,
  sessions: HttpSessions,
  routers: RouterBinding,
): void {
  const own = (each: unknown): unknown => inOwnContext(sessions, each, 0);
  const ownOptions = (options: unknown): void => {
    if (!isRecord(options)) return;
    for (const name of ['handler', ...REQUEST_HOOKS]) {
      if (options[name] !== undefined) options[name] = own(options[name]);
    }
    if (options['errorHandler'] !== undefined) {
      options['errorHandler'] = inOwnContext(sessions, options['errorHandler'], 1);
    }
  };
  const { addHook, addContentTypeParser, setErrorHandler, setNotFoundHandler } = fastify;
  addHook.call(fastify, 'onRoute', ownOptions);
  fastify.addHook = function addHookInOwnContext(name, hook) {
    if (name !== 'onRoute' || !isMethod(hook)) {
      return addHook.call(this, name, REQUEST_HOOKS.includes(String(name)) ? own(hook) : hook);
    }
    return addHook.call(this, name, function onRoute(this: unknown, route: unknown): void {
      hook.call(this, route);
      // It may have given the route another handler, or hooks.
      ownOptions(route);
    });
  };
  fastify.addContentTypeParser = function addParserInOwnContext(...args) {
    return addContentTypeParser.apply(
      this,
      args.map((each) => (isMethod(each) ? own(each) : each)),
    );
  };
  fastify.setErrorHandler = function setErrorHandlerInOwnContext(handler) {
    return setErrorHandler.call(this, inOwnContext(sessions, handler, 1));
  };
  fastify.setNotFoundHandler = function setNotFoundHandlerInOwnContext(first, ...rest) {
    const options = isRecord(first) ? { ...first } : own(first);
    ownOptions(options);
    return setNotFoundHandler.call(this, options, ...rest.map(own));
  };
  replaceUse(
    fastify,
    (use) =>
      function useInOwnContext(...args) {
        return use.apply(
          this,
          args.map((each) => routers.own(each)),
        );
      },
  );
}

/** Replaces `use`, of this instance and of those made of it: the plugin for middleware gives each its own. */
export function replaceUse(fastify: RegisteringFastify, replace: (use: Method) => Method): void {
  const { use, decorate } = fastify;
  if (use !== undefined) fastify.use = replace(use);
  fastify.decorate = function decorateReplacing(name, value, ...rest) {
    return decorate.call(this, name, name === 'use' && isMethod(value) ? replace(value) : value, ...rest);
  };
}

/**
 * A function, or several, in the context of the request that they are called for.
 *
 * @param place of the request among the arguments
 */
function inOwnContext(sessions: HttpSessions, called: unknown, place: 0 | 1): unknown {
  if (Array.isArray(called)) return called.map((each) => inOwnContext(sessions, each, place));
  if (!isMethod(called) || isBound(called)) return called;
  const wrapped: Method = function (...args) {
    const request = args[place];
    if (!isRequest(request) || sessions.isInContext(request.raw)) return called.apply(this, args);
    return callInContext(sessions, request.raw, called, this, args);
  };
  return standIn(wrapped, called);
}

function isRequest(value: unknown): value is { readonly raw: RawRequest } {
  return isRecord(value) && isRecord(value['raw']);
}

function isMethod(value: unknown): value is Method {
  return typeof value === 'function';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
