import type { HttpSessions } from '../http-sessions.js';
import { type Method, bindToRequest, callInContext, isMethod, likeOriginal } from '../bind-to-request.js';
import { propertyOf } from '../../state/property-of.js';
import type { RawRequest } from '../raw-http.js';
import type { RouterBinding } from '../express/router-binding.js';
import { isContainer } from '../../state/values.js';

/**
 * The members of a Fastify instance that register functions called for requests. Plugins call them on objects that
 * inherit from the instance.
 */
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

/** The methods that @fastify/view adds to replies. */
const VIEWS: readonly unknown[] = ['view', 'viewAsync'];

/** The hooks that run for a request, with the request as first argument. Hooks of routes have the same names. */
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
 * Binds whatever is registered from now on to the context of its request, since earlier functions may
 * continue in a callback of another request: hooks, middleware, handlers, parsers, error handlers, including
 * those of single routes.
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
      // The hook may have given the route another handler, or hooks.
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
 * Wraps a handler that @fastify/websocket calls with a WebSocket and its request. The request's session lasts
 * for the call; later listeners of the WebSocket would see an outdated session.
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

/** Replaces `use` of this instance and of its descendants: the middleware plugin gives each one its own. */
export function replaceUse(fastify: RegisteringFastify, replace: (use: Method) => Method): void {
  const { use, decorate } = fastify;
  if (use !== undefined) fastify.use = replace(use);
  fastify.decorate = function decorateReplacing(name, value, ...rest) {
    return decorate.call(this, name, name === 'use' && isMethod(value) ? replace(value) : value, ...rest);
  };
}

/**
 * Binds a Fastify function, or an array of them, to the context of its request.
 *
 * @param position the request's position among the arguments
 */
function bindCallback(sessions: HttpSessions, called: unknown, position: 0 | 1): unknown {
  if (Array.isArray(called)) return called.map((each) => bindCallback(sessions, each, position));
  return isMethod(called) ? bindToRequest(sessions, called, position, true) : called;
}

/** Binds a template-rendering method of replies to the reply's request: template helpers may use the facade. */
function bindView(sessions: HttpSessions, view: Method): Method {
  const wrapper: Method = function (...args) {
    const request = propertyOf(this, 'request');
    return isRequest(request)
      ? callInContext(sessions, request.raw, view, this, args)
      : view.apply(this, args);
  };
  return likeOriginal(wrapper, view);
}

function isRequest(value: unknown): value is { readonly raw: RawRequest } {
  return isContainer(propertyOf(value, 'raw'));
}
