import { METHODS } from 'node:http';
import { type Done, bindToRequest, isBound } from '../bind-to-request.js';
import type { HttpSessions } from '../http-sessions.js';
import { PrototypeMixin } from '../prototype-mixin.js';
import type { RawRequest, RawResponse } from '../raw-http.js';

type Middleware = (req: RawRequest, res: RawResponse, next: Done) => unknown;

interface Layer {
  handle: unknown;
  readonly route?: Route;
}

interface Route {
  readonly stack: Layer[];
}

/** The few members of a router of Express that are needed. */
interface Router {
  readonly stack: Layer[];
  readonly params: Record<string, unknown[]>;
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

/** Routers and applications that are bound: those of an application with sessions of its own are left to that one. */
const boundRouters = new WeakSet<object>();

/**
 * Binds whatever an application's routers call for a request to the context of that request: middleware, the handlers of
 * routes, callbacks for parameters; of mounted routers and applications as well, and whether it was registered before or is
 * later.
 *
 * Only the one router or application that is met is changed, and only when something is registered. One that is called
 * inside a function of somebody else's is not met.
 */
export class RouterBinding {
  readonly #sessions: HttpSessions;
  /** Of routes, with methods that bind the handlers they take. */
  readonly #routePrototypes = new PrototypeMixin((prototype) =>
    bindingVerbs(prototype, (each) => this.bind(each)),
  );

  constructor(sessions: HttpSessions) {
    this.#sessions = sessions;
  }

  /** What `use` is handed, bound: middleware, lists of it, routers, applications. Paths stay as they are. */
  bind(each: unknown): unknown {
    if (Array.isArray(each)) return each.map((one) => this.bind(one));
    this.bindContents(each);
    if (!isFunction(each) || isRouter(each) || isBound(each)) return each;
    if (isApplication(each)) return bindToRequest(this.#sessions, restoringPrototypes(each));
    return bindToRequest(this.#sessions, each.name === 'mounted_app' ? this.#bindWhenCalled(each) : each);
  }

  /** Binds what a router or an application calls, unless that is done. Anything else is ignored. */
  bindContents(each: unknown): void {
    if ((!isRouter(each) && !isApplication(each)) || boundRouters.has(each)) return;
    if (isRouter(each)) this.#bindRouter(each);
    else this.#bindApplication(each);
  }

  /** Of one that is mounted as any middleware, and not on another application. */
  #bindApplication(app: Application): void {
    boundRouters.add(app);
    // So it does not inherit from the application above.
    if (!('session' in app.request)) Object.defineProperties(app.request, this.#sessions.properties);
    const bindContents = (router: Router | undefined): void => this.bindContents(router);
    const { handle } = app;
    app.handle = function handleBound(...args) {
      bindContents(routerOf(app));
      return handle.apply(this, args);
    };
  }

  /**
   * Express hides an application that is mounted on another in a function. Which it is shows with its first request: it asks
   * for the locals of the response once it has made the request its own, and before it asks its router.
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

  /** Binds what a router has and what it gets. */
  #bindRouter(router: Router): void {
    boundRouters.add(router);
    const { stack, params, use, route, param } = router;
    const bind = (each: unknown): unknown => this.bind(each);
    const bindParam = (each: unknown): unknown =>
      isFunction(each) ? bindToRequest(this.#sessions, each, 0) : each;
    const routePrototypes = this.#routePrototypes;
    for (const layer of stack) {
      if (layer.route === undefined) layer.handle = bind(layer.handle);
      else {
        for (const each of layer.route.stack) each.handle = bind(each.handle);
        routePrototypes.applyTo(layer.route);
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
      routePrototypes.applyTo(made);
      return made;
    };
    router.param = function paramBound(name, callback) {
      return param.call(this, name, bindParam(callback));
    };
  }
}

/** To be asked for late: an application makes its router when that is first asked for, with what is set by then. */
function routerOf(app: Application): Router | undefined {
  // oxlint-disable-next-line no-underscore-dangle -- as version 4 names it; its `router` throws
  return 'lazyrouter' in app ? app._router : app.router;
}

/** An application in a router: the prototypes that it gives the request are undone where it goes on, as Express does for mounts. */
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

/** The methods of a route that take handlers. */
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
