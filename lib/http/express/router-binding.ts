import { METHODS } from 'node:http';
import { type Done, bindToRequest, isBound } from '../bind-to-request.js';
import type { HttpSessions } from '../http-sessions.js';
import { prototypeMixin } from '../prototype-mixin.js';
import type { RawRequest, RawResponse } from '../raw-http.js';

type Middleware = (req: RawRequest, res: RawResponse, next: Done) => unknown;

interface Layer {
  handle: unknown;
  readonly route?: Route;
}

interface Route {
  readonly stack: Layer[];
}

/** The members of an Express router that are used here. */
interface Router {
  readonly stack: Layer[];
  readonly params: Record<string, unknown[]>;
  use: (...args: unknown[]) => unknown;
  route: (path: unknown) => Route;
  param: (name: unknown, callback: unknown) => unknown;
}

/** The members of an application, including Express 4, of which one may be mounted. */
export interface Application {
  handle: (req: RawRequest, res: RawResponse, done: Done) => unknown;
  readonly router: Router;
  readonly lazyrouter?: unknown;
  readonly _router?: Router;
  /** The prototype of its requests. */
  readonly request: object;
}

const VERBS = [...METHODS.map((method) => method.toLowerCase()), 'all'];

/**
 * The routers and applications that are bound. Those of an application with its own sessions are left to that
 * application.
 */
const boundRouters = new WeakSet<object>();

/**
 * Binds whatever an application's routers call to the context of the request: middleware, route handlers,
 * parameter callbacks; also of mounted routers and applications, and whether registered before or later.
 *
 * Changes only the routers and applications it encounters, and only on registration. It does not encounter
 * one that is called inside somebody else's function.
 */
export class RouterBinding {
  readonly #sessions: HttpSessions;
  /** Makes the methods of a route bind the handlers they take. */
  readonly #bindRoute = prototypeMixin((prototype) => bindingVerbs(prototype, (each) => this.bind(each)));

  constructor(sessions: HttpSessions) {
    this.#sessions = sessions;
  }

  /** Binds an argument of `use`: middleware, arrays of it, routers, applications. Paths are returned unchanged. */
  bind(each: unknown): unknown {
    if (Array.isArray(each)) return each.map((one) => this.bind(one));
    this.bindContents(each);
    if (!isFunction(each) || isRouter(each) || isBound(each)) return each;
    if (isApplication(each)) return bindToRequest(this.#sessions, restoringPrototypes(each));
    return bindToRequest(this.#sessions, each.name === 'mounted_app' ? this.#bindWhenCalled(each) : each);
  }

  /** Binds what a router or an application calls, unless already done. Ignores anything else. */
  bindContents(each: unknown): void {
    if ((!isRouter(each) && !isApplication(each)) || boundRouters.has(each)) return;
    if (isRouter(each)) this.#bindRouter(each);
    else this.#bindApplication(each);
  }

  /** Binds an application that is mounted like any middleware rather than on another application. */
  #bindApplication(app: Application): void {
    boundRouters.add(app);
    // In this case it does not inherit from the application above.
    if (!('session' in app.request)) Object.defineProperties(app.request, this.#sessions.properties);
    const bindContents = (router: Router | undefined): void => this.bindContents(router);
    const { handle } = app;
    app.handle = function handleBound(...args) {
      bindContents(routerOf(app));
      return handle.apply(this, args);
    };
  }

  /**
   * Express wraps a mounted application in a function. The application is only known with the first request:
   * it reads the response's locals after it has adopted the request and before it calls its router.
   */
  #bindWhenCalled(mounted: Middleware): Middleware {
    let isKnown = false;
    return (req, res: RawResponse & { locals?: unknown }, next) => {
      if (isKnown) return mounted(req, res, next);
      isKnown = true;
      const { locals } = res;
      const restore = (value: unknown): void => {
        Object.defineProperty(res, 'locals', { value, writable: true, enumerable: true, configurable: true });
      };
      const get = (): unknown => {
        restore(locals);
        if (isApplication(req.app)) this.bindContents(routerOf(req.app));
        return locals;
      };
      Object.defineProperty(res, 'locals', { get, set: restore, enumerable: true, configurable: true });
      return mounted(req, res, next);
    };
  }

  /** Binds what a router has and what is added later. */
  #bindRouter(router: Router): void {
    boundRouters.add(router);
    const { stack, params, use, route, param } = router;
    const bind = (each: unknown): unknown => this.bind(each);
    const bindParam = (each: unknown): unknown =>
      isFunction(each) ? bindToRequest(this.#sessions, each, 0) : each;
    const bindRoute = this.#bindRoute;
    for (const layer of stack) {
      if (layer.route === undefined) layer.handle = bind(layer.handle);
      else {
        for (const each of layer.route.stack) each.handle = bind(each.handle);
        bindRoute(layer.route);
      }
    }
    for (const callbacks of Object.values(params)) {
      for (const [index, callback] of callbacks.entries()) callbacks[index] = bindParam(callback);
    }
    router.use = function useBound(...args) {
      return use.apply(this, args.map(bind));
    };
    router.route = function routeBound(path) {
      const made = route.call(this, path);
      bindRoute(made);
      return made;
    };
    router.param = function paramBound(name, callback) {
      return param.call(this, name, bindParam(callback));
    };
  }
}

/**
 * The router of an application. Read it late: an application creates its router when first read, with the
 * settings of that time.
 */
function routerOf(app: Application): Router | undefined {
  // oxlint-disable-next-line no-underscore-dangle -- as version 4 names it; its `router` throws
  return 'lazyrouter' in app ? app._router : app.router;
}

/**
 * Wraps an application in a router so that the prototypes that it gives the request and response are restored
 * when it calls `next`, as Express does for mounts.
 */
function restoringPrototypes(app: Application & CallableFunction): Middleware {
  return (req, res, next) => {
    const [request, response] = [Reflect.getPrototypeOf(req), Reflect.getPrototypeOf(res)];
    const goOn: Done = (error) => {
      Object.setPrototypeOf(req, request);
      Object.setPrototypeOf(res, response);
      next(error);
    };
    return Reflect.apply(app, undefined, [req, res, goOn]);
  };
}

/** The methods of a route that take handlers, binding these. */
function bindingVerbs(prototype: object, bind: (handler: unknown) => unknown): PropertyDescriptorMap {
  const verbs: PropertyDescriptorMap = {};
  for (const verb of VERBS) {
    const register: unknown = Reflect.get(prototype, verb);
    if (typeof register !== 'function') continue;
    const value = function registerBound(this: unknown, ...handlers: unknown[]): unknown {
      return Reflect.apply(register, this, handlers.map(bind));
    };
    verbs[verb] = { value, writable: true, configurable: true };
  }
  return verbs;
}

function isFunction(value: unknown): value is Middleware {
  return typeof value === 'function';
}

function isRouter(value: unknown): value is Router {
  return typeof value === 'function' && 'stack' in value && Array.isArray(value.stack) && 'params' in value;
}

/** Applications are functions, like routers; their settings tell them apart. */
function isApplication(value: unknown): value is Application & CallableFunction {
  return (
    typeof value === 'function' &&
    'handle' in value &&
    'set' in value &&
    'request' in value &&
    typeof value.request === 'object'
  );
}
