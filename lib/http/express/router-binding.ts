import { METHODS } from 'node:http';
import { PrototypeMixin } from '../prototype-mixin.js';
import type { HttpSessions } from '../http-sessions.js';
import {
  type Done,
  type Middleware,
  callInContext,
  inOwnContext,
  isBound,
  isMiddleware,
  standIn,
} from '../bind-to-request.js';
import type { RawRequest, RawResponse } from '../raw-http.js';

type Param = (req: RawRequest, res: RawResponse, next: Done, ...rest: unknown[]) => unknown;

interface Layer {
  handle: unknown;
  readonly route?: Route;
}

interface Route {
  readonly stack: Layer[];
}

/** The few members of a router of Express that are needed. */
export interface Router {
  readonly stack: Layer[];
  readonly params: Record<string, Param[]>;
  use: (...args: unknown[]) => unknown;
  route: (path: unknown) => Route;
  param: (name: unknown, callback: unknown) => unknown;
}

/** Those of an application: of version 4 as well, of which one may be mounted. */
export interface Application {
  handle: (req: RawRequest, res: RawResponse, done: Done) => unknown;
  readonly router: Router;
  readonly lazyrouter?: unknown;
  readonly _router?: Router;
  /** The prototype of its requests. */
  readonly request: object;
}

const VERBS = [...METHODS.map((method) => method.toLowerCase()), 'all'];

/** Routers and applications that somebody sees to: those of an application with sessions of its own are not another's. */
const kept = new WeakSet<object>();

/**
 * Lets whatever an application's routers call for a request run in the context of that request: middleware, the handlers of
 * routes, callbacks for parameters; of routers and applications that are mounted as well, and whether it was registered
 * before or is later.
 *
 * Everything is done to the one router or application that is met, and when something is registered. One that is called by
 * a function of somebody's is not met.
 */
export class RouterBinding {
  readonly #sessions: HttpSessions;
  /** Of routes, with methods that take handlers in their own context. */
  readonly #routePrototypes = new PrototypeMixin((prototype) =>
    verbsOf(prototype, (each) => this.own(each)),
  );

  constructor(sessions: HttpSessions) {
    this.#sessions = sessions;
  }

  /** What `use` is handed, in its own context: middleware, lists of it, routers, applications. Paths stay as they are. */
  own(each: unknown): unknown {
    if (Array.isArray(each)) return each.map((one) => this.own(one));
    this.keep(each);
    if (!isMiddleware(each) || isRouter(each) || isBound(each)) return each;
    if (isApplication(each)) return inOwnContext(this.#sessions, passing(each));
    return inOwnContext(this.#sessions, each.name === 'mounted_app' ? this.#meeting(each) : each);
  }

  /** Sees to a router or an application, unless somebody does. */
  keep(each: unknown): void {
    if ((!isRouter(each) && !isApplication(each)) || kept.has(each)) return;
    if (isRouter(each)) this.keepRouter(each);
    else this.#keepApplication(each);
  }

  /** Of one that is mounted as any middleware, and not on another application. */
  #keepApplication(app: Application): void {
    kept.add(app);
    // So it does not inherit from the application above.
    if (!('session' in app.request)) Object.defineProperties(app.request, this.#sessions.properties);
    const keep = (router: Router | undefined): void => this.keep(router);
    const { handle } = app;
    app.handle = function handleFirst(...args) {
      if (this.handle === handleFirst) this.handle = handle;
      keep(routerOf(app));
      return handle.apply(this, args);
    };
  }

  /**
   * Express hides an application that is mounted on another in a function. Which it is, its first request says: it asks for
   * the locals of the response once it has made the request its own, and before it asks its router.
   */
  #meeting(mounted: Middleware): Middleware {
    let isMet = false;
    return (req, res: RawResponse & { locals?: unknown }, next) => {
      if (isMet) return mounted(req, res, next);
      isMet = true;
      const { locals } = res;
      const restore = (value: unknown): void => {
        Object.defineProperty(res, 'locals', { value, writable: true, enumerable: true, configurable: true });
      };
      const get = (): unknown => {
        restore(locals);
        if (isApplication(req.app)) this.keep(routerOf(req.app));
        return locals;
      };
      Object.defineProperty(res, 'locals', { get, set: restore, enumerable: true, configurable: true });
      return mounted(req, res, next);
    };
  }

  /** Sees to a router, with what it has and what it gets. */
  keepRouter(router: Router): void {
    kept.add(router);
    const { stack, params, use, route, param } = router;
    const own = (each: unknown): unknown => this.own(each);
    const ownParam = (each: unknown): unknown => (isParam(each) ? this.#ownParam(each) : each);
    const routePrototypes = this.#routePrototypes;
    for (const layer of stack) {
      if (layer.route === undefined) layer.handle = own(layer.handle);
      else {
        for (const each of layer.route.stack) each.handle = own(each.handle);
        routePrototypes.extend(layer.route);
      }
    }
    for (const callbacks of Object.values(params)) {
      for (const [index, callback] of callbacks.entries()) callbacks[index] = this.#ownParam(callback);
    }
    router.use = function useInOwnContext(...args) {
      return use.apply(this, args.map(own));
    };
    router.route = function routeInOwnContext(path) {
      const made = route.call(this, path);
      routePrototypes.extend(made);
      return made;
    };
    router.param = function paramInOwnContext(name, callback) {
      return param.call(this, name, ownParam(callback));
    };
  }

  #ownParam(callback: Param): Param {
    if (isBound(callback)) return callback;
    const sessions = this.#sessions;
    const wrapped: Param = function (this: unknown, req, ...rest) {
      if (sessions.isInContext(req)) return callback.call(this, req, ...rest);
      return callInContext(sessions, req, callback, this, [req, ...rest]);
    };
    return standIn(wrapped, callback);
  }
}

/** To be asked for late: an application makes its router when that is first asked for, with what is set by then. */
function routerOf(app: Application): Router | undefined {
  // oxlint-disable-next-line no-underscore-dangle -- as version 4 names it; its `router` throws
  return 'lazyrouter' in app ? app._router : app.router;
}

/** An application in a router: what it made of the request is undone where it goes on, as it is below an application. */
function passing(
  app: Application & CallableFunction,
): (req: RawRequest, res: RawResponse, next: Done) => unknown {
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

/** The methods of a route that take handlers. */
function verbsOf(prototype: object, own: (handler: unknown) => unknown): PropertyDescriptorMap {
  const verbs: PropertyDescriptorMap = {};
  for (const verb of VERBS) {
    const register: unknown = Reflect.get(prototype, verb);
    if (typeof register !== 'function') continue;
    const value = function registerInOwnContext(this: unknown, ...handlers: unknown[]): unknown {
      return Reflect.apply(register, this, handlers.map(own));
    };
    verbs[verb] = { value, writable: true, configurable: true };
  }
  return verbs;
}

function isRouter(value: unknown): value is Router {
  return typeof value === 'function' && 'stack' in value && Array.isArray(value.stack) && 'params' in value;
}

/** An application is a function, as a router is, and told by its settings. */
function isApplication(value: unknown): value is Application & CallableFunction {
  return (
    typeof value === 'function' &&
    'handle' in value &&
    'set' in value &&
    'request' in value &&
    typeof value.request === 'object'
  );
}

function isParam(value: unknown): value is Param {
  return typeof value === 'function';
}
