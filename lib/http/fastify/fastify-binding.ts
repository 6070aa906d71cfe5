import type { HttpSessions } from '../http-sessions.js';
import { callInContext, isBound, likeOriginal } from '../bind-to-request.js';
import type { RawRequest } from '../raw-http.js';
import type { RouterBinding } from '../express/router-binding.js';
import { isContainer } from '../../state/values.js';

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
  decorateReply: Method;
}

/** What @fastify/view adds to replies. */
const VIEWS: readonly unknown[] = ['view', 'viewAsync'];

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
 * Binds whatever is registered from now on to the context of the request that it is called for, since what runs before it may
 * go on in a callback that belongs to another: hooks, middleware, handlers, parsers, error handlers, and those of single
 * routes.
 */
export function bindFastify(
  fastify: RegisteringFastify,
  sessions: HttpSessions,
  routers: RouterBinding,
): void {
  const bind = (each: unknown): unknown => bindCallback(sessions, each, 0);
  const bindOptions = (options: unknown): void => {
    if (!isContainer(options)) return;
    for (const name of ['handler', ...REQUEST_HOOKS]) {
      if (options[name] !== undefined) options[name] = bind(options[name]);
    }
    const { wsHandler } = options;
    if (isMethod(wsHandler)) options['wsHandler'] = endHandshake(sessions, wsHandler);
    else if (options['websocket'] === true) options['handler'] = endHandshake(sessions, options['handler']);
    if (options['errorHandler'] !== undefined) {
      options['errorHandler'] = bindCallback(sessions, options['errorHandler'], 1);
    }
  };
  const { addHook, addContentTypeParser, setErrorHandler, setNotFoundHandler, decorateReply } = fastify;
  addHook.call(fastify, 'onRoute', bindOptions);
  fastify.addHook = function addHookBound(name, hook) {
    if (name !== 'onRoute' || !isMethod(hook)) {
      return addHook.call(this, name, REQUEST_HOOKS.includes(String(name)) ? bind(hook) : hook);
    }
    return addHook.call(this, name, function onRoute(this: unknown, route: unknown): void {
      hook.call(this, route);
      // It may have given the route another handler, or hooks.
      bindOptions(route);
    });
  };
  fastify.addContentTypeParser = function addParserBound(...args) {
    return addContentTypeParser.apply(
      this,
      args.map((each) => (isMethod(each) ? bind(each) : each)),
    );
  };
  fastify.setErrorHandler = function setErrorHandlerBound(handler) {
    return setErrorHandler.call(this, bindCallback(sessions, handler, 1));
  };
  fastify.setNotFoundHandler = function setNotFoundHandlerBound(first, ...rest) {
    const options = isContainer(first) ? { ...first } : bind(first);
    bindOptions(options);
    return setNotFoundHandler.call(this, options, ...rest.map(bind));
  };
  fastify.decorateReply = function decorateReplyBound(name, value, ...rest) {
    const bound = VIEWS.includes(name) && isMethod(value) ? bindView(sessions, value) : value;
    return decorateReply.call(this, name, bound, ...rest);
  };
  replaceUse(
    fastify,
    (use) =>
      function useBound(...args) {
        return use.apply(
          this,
          args.map((each) => routers.bind(each)),
        );
      },
  );
}

/**
 * What @fastify/websocket calls with a WebSocket and the request that it began with. The session of that request goes on
 * for the call; whatever listens to the WebSocket from then on would see it as it was.
 */
function endHandshake(sessions: HttpSessions, handler: unknown): unknown {
  if (!isMethod(handler)) return handler;
  const wrapper: Method = function (...args) {
    const handle = (): unknown => handler.apply(this, args);
    const [socket, request] = args;
    // The plugin gives a route another handler, for requests, which calls this one.
    const isOfSocket = !isRequest(socket) && isRequest(request);
    return isOfSocket ? sessions.endHandshake(request.raw, handle) : handle();
  };
  return likeOriginal(wrapper, handler);
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
 * A function of Fastify's, or several, bound to the context of the request that they are called for.
 *
 * @param position of the request among the arguments
 */
function bindCallback(sessions: HttpSessions, called: unknown, position: 0 | 1): unknown {
  if (Array.isArray(called)) return called.map((each) => bindCallback(sessions, each, position));
  if (!isMethod(called) || isBound(called)) return called;
  const wrapper: Method = function (...args) {
    const request = args[position];
    if (!isRequest(request) || sessions.isInContext(request.raw)) return called.apply(this, args);
    return callInContext(sessions, request.raw, called, this, args);
  };
  return likeOriginal(wrapper, called);
}

/** A method of replies that renders a template, bound to the request of its reply: a helper of the template may ask the facade. */
function bindView(sessions: HttpSessions, view: Method): Method {
  const wrapper: Method = function (...args) {
    const request = isContainer(this) ? this['request'] : undefined;
    return isRequest(request)
      ? callInContext(sessions, request.raw, view, this, args)
      : view.apply(this, args);
  };
  return likeOriginal(wrapper, view);
}

function isRequest(value: unknown): value is { readonly raw: RawRequest } {
  return isContainer(value) && isContainer(value['raw']);
}

function isMethod(value: unknown): value is Method {
  return typeof value === 'function';
}
