import { METHODS } from 'node:http';
import { ExtendedPrototypes } from './extended-prototypes.js';
import type { HttpSessions } from './http-sessions.js';
import { type Done, inOwnContext, isMiddleware } from './own-context.js';
import type { RawRequest, RawResponse } from './raw-http.js';

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

const VERBS = [...METHODS.map((method) => method.toLowerCase()), 'all'];

/**
 * Lets whatever an application's routers call for a request run in the context of that request: middleware, the handlers of
 * routes, callbacks for parameters; of routers that are mounted as well, and whether it was registered before or is later.
 */
export class RoutersInOwnContext {
  readonly #sessions: HttpSessions;
  readonly #kept = new WeakSet<Router>();
  /** Of routes, with methods that take handlers in their own context. */
  readonly #routePrototypes = new ExtendedPrototypes((prototype) =>
    verbsOf(prototype, (each) => this.#own(each)),
  );

  constructor(sessions: HttpSessions) {
    this.#sessions = sessions;
  }

  /** What is registered from now on. */
  keepNew(router: Router): void {
    this.#kept.add(router);
    const { use, route, param } = router;
    const own = (each: unknown): unknown => this.#own(each);
    const routePrototypes = this.#routePrototypes;
    router.use = function useInOwnContext(...args) {
      return use.apply(this, args.map(own));
    };
    router.route = function routeInOwnContext(path) {
      const made = route.call(this, path);
      routePrototypes.extend(made);
      return made;
    };
    const ownParam = (each: unknown): unknown => (isParam(each) ? this.#ownParam(each) : each);
    router.param = function paramInOwnContext(name, callback) {
      return param.call(this, name, ownParam(callback));
    };
  }

  /** What was registered before. */
  keepRegistered({ stack, params }: Router): void {
    for (const layer of stack) {
      if (layer.route === undefined) layer.handle = this.#own(layer.handle);
      else for (const each of layer.route.stack) each.handle = this.#own(each.handle);
    }
    for (const callbacks of Object.values(params)) {
      for (const [index, callback] of callbacks.entries()) callbacks[index] = this.#ownParam(callback);
    }
  }

  #own(each: unknown): unknown {
    if (Array.isArray(each)) return each.map((one) => this.#own(one));
    if (isRouter(each)) {
      if (this.#kept.has(each)) return each;
      this.keepRegistered(each);
      this.keepNew(each);
    } else if (isMiddleware(each)) return inOwnContext(this.#sessions, each);
    return each;
  }

  #ownParam(callback: Param): Param {
    const sessions = this.#sessions;
    return function paramInOwnContext(this: unknown, req, ...rest) {
      return sessions.enter(req, () => callback.call(this, req, ...rest));
    };
  }
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

function isParam(value: unknown): value is Param {
  return typeof value === 'function';
}
