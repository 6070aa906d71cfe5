import { inspect } from 'node:util';
import { SessionValueError } from '../../session.errors.js';
import { shownKey } from '../../state/shown-key.js';
import { type Values, isKey } from '../../state/values.js';
import { assignOwn, forCopies, refusesOthers } from '../assignments.js';
import { isCallback } from '../callback.js';
import type { HostedSession } from '../hosted-session.js';
import type { RequestSession } from '../request-session.js';
import { isSessionMethod, isSessionProperty } from '../session-members.js';
import { ExpressSessionCookie } from './express-session-cookie.js';

type OwnMethod = (session: RequestSession, args: readonly unknown[], hosted: HostedSession) => unknown;

/** Methods of express-session that a session does not have, or that behave differently there. */
const OWN_METHODS: Readonly<Record<string, OwnMethod>> = {
  regenerate(session, args, hosted) {
    for (const keys of args) if (Array.isArray(keys)) hosted.writable.keepOnly(keys.map(String));
    return session.regenerate(args.find(isCallback));
  },
  commit: chainable('commit'),
  save: chainable('save'),
  reload: chainable('reload'),
  destroy: chainable('destroy'),
  touch: renew,
  resetMaxAge: renew,
  toJSON(_session, _args, hosted) {
    const keys = Object.keys(valuesOf(hosted) ?? {});
    return Object.fromEntries(keys.map((key) => [key, handOut(hosted, key)]));
  },
};

/** With a callback, it returns the session, as in express-session; without one, a promise. */
function chainable(name: 'commit' | 'save' | 'reload' | 'destroy'): OwnMethod {
  return (session, args) => {
    const pending: unknown = Reflect.apply(session[name], session, args);
    return args.some(isCallback) ? session : pending;
  };
}

/** In express-session these have no callback, and return the session. */
function renew(session: RequestSession, args: readonly unknown[]): RequestSession {
  void session.touch(args.find(isCallback));
  return session;
}

/** The session's own values; null if it is not loaded. Must not be changed. */
function valuesOf(hosted: HostedSession): Values | null {
  return hosted.initiated ? hosted.readable.values : null;
}

/** Returns a value that may be mutated in place from then on; undefined if it is missing. */
function handOut(hosted: HostedSession, key: string): unknown {
  const state = hosted.readable;
  const value = state.values[key];
  if (state.track(value)) hosted.armIfTracking(state);
  return value;
}

/**
 * The session of a request as `request.session`: it has the shape of express-session, so that libraries made
 * for that work unchanged. Values are own properties with literal names, dots included; in addition there are
 * `cookie` and the members of the session. Their names are refused as keys, so that no value can hide a
 * member that the session needs.
 *
 * Flash messages are not among these values: a field that a visitor typed into a form must not pass for a
 * value that the application stored.
 *
 * `console.log` shows the values and the cookie, but not the id.
 */
export function expressSession(hosted: HostedSession): object {
  const handler = new SessionProxyHandler(hosted, () => shape);
  // `inspect` looks at the target of a Proxy, not at the Proxy.
  const target = Object.defineProperty({}, inspect.custom, {
    configurable: true,
    value: () => ({ ...valuesOf(hosted), cookie: handler.cookie.toJSON() }),
  });
  const shape: object = new Proxy<object>(target, handler);
  return shape;
}

/** What to do instead of assigning to a name that is taken. */
const REMEDIES: Readonly<Record<string, string>> = {
  cookie: 'Set what is its own in it: request.session.cookie.maxAge = 3_600_000.',
  flash:
    "It is a method, session.flash('error', 'text'), and request.flash does what connect-flash does: leave that out.",
};

class SessionProxyHandler implements ProxyHandler<object> {
  readonly #hosted: HostedSession;
  readonly #session: RequestSession;
  readonly #shape: () => object;
  #cookie: ExpressSessionCookie | null = null;
  #prototype: object | null = null;

  constructor(hosted: HostedSession, shape: () => object) {
    this.#hosted = hosted;
    this.#session = hosted.session;
    this.#shape = shape;
  }

  get cookie(): ExpressSessionCookie {
    return (this.#cookie ??= new ExpressSessionCookie(this.#hosted));
  }

  get(target: object, name: string | symbol): unknown {
    if (typeof name === 'symbol') return Reflect.get(target, name);
    const session = this.#session;
    if (name === 'cookie') return this.cookie;
    const own = Object.hasOwn(OWN_METHODS, name) ? OWN_METHODS[name] : undefined;
    if (own !== undefined)
      return withoutProperties((...args) => this.#given(own(session, args, this.#hosted)));
    if (isSessionMethod(name)) {
      return withoutProperties((...args) => this.#given(Reflect.apply(session[name], session, args)));
    }
    if (isSessionProperty(name)) return session[name];
    if (this.#has(name)) return handOut(this.#hosted, name);
    return this.#inherited(target, name);
  }

  /**
   * Functions of `Object.prototype` are shared by the whole process, so wrappers are returned that take no
   * properties.
   */
  #inherited(target: object, name: string): unknown {
    if (name === '__proto__') return this.getPrototypeOf();
    if (name === 'constructor') return this.#session.constructor;
    const member: unknown = Reflect.get(target, name);
    if (typeof member !== 'function') return member;
    return withoutProperties(function inherited(this: unknown, ...args) {
      return Reflect.apply(member, this, args);
    });
  }

  set(_target: object, name: string | symbol, value: unknown, receiver: unknown): boolean {
    // Of an object that inherits from the session, or a Proxy around it.
    if (receiver !== this.#shape()) return assignOwn(receiver, name, value);
    return this.#assign(name, value);
  }

  #assign(name: string | symbol, value: unknown): boolean {
    // Code that copies all properties assigns these too.
    if (isTaken(name) && value === this.get({}, name)) return true;
    const key = this.#key(name);
    assertStorable(name, value);
    this.#hosted.writable.assign(key, value);
    return true;
  }

  has(target: object, name: string | symbol): boolean {
    return isTaken(name) || this.#has(name) || Reflect.has(target, name);
  }

  /**
   * The removal of a missing value is recorded too, as another request may be storing it right now. That is no
   * write: it is no reason to commit, and a read-only session does not refuse it.
   */
  deleteProperty(_target: object, name: string | symbol): boolean {
    const values = valuesOf(this.#hosted);
    if (values === null || typeof name !== 'string' || isTaken(name) || !isKey(name)) return true;
    const isThere = Object.hasOwn(values, name);
    (isThere ? this.#hosted.writable : this.#hosted.readable).assign(name, undefined);
    return true;
  }

  ownKeys(): string[] {
    return Object.keys(valuesOf(this.#hosted) ?? {}).filter((name) => this.#has(name));
  }

  getOwnPropertyDescriptor(_target: object, name: string | symbol): PropertyDescriptor | undefined {
    if (!this.#has(name)) return undefined;
    return { value: handOut(this.#hosted, name), enumerable: true, writable: true, configurable: true };
  }

  defineProperty(_target: object, name: string | symbol, descriptor: PropertyDescriptor): boolean {
    if ('get' in descriptor || 'set' in descriptor || descriptor.configurable === false) return false;
    return this.#assign(name, descriptor.value);
  }

  /** For `instanceof RequestSession`, and for copies. */
  getPrototypeOf(): object {
    return (this.#prototype ??= forCopies(this.#session));
  }

  preventExtensions(): boolean {
    return false;
  }

  setPrototypeOf(): boolean {
    return false;
  }

  /** Methods that return the session return this object instead. */
  #given(result: unknown): unknown {
    return result === this.#session ? this.#shape() : result;
  }

  #has(name: string | symbol): name is string {
    const values = valuesOf(this.#hosted);
    return (
      typeof name === 'string' &&
      values !== null &&
      Object.hasOwn(values, name) &&
      values[name] !== undefined &&
      !isTaken(name)
    );
  }

  #key(name: string | symbol): string {
    if (typeof name === 'symbol') {
      throw new SessionValueError(
        `request.session[${shownKey(String(name))}] cannot be set: values are stored under text, and never under a symbol.`,
        { isKey: true },
      );
    }
    if (!isTaken(name)) return name;
    const remedy = Object.hasOwn(REMEDIES, name) ? REMEDIES[name] : 'Choose another name.';
    throw new SessionValueError(
      `request.session[${shownKey(name)}] cannot be set: the session itself has something of that name. ${remedy}`,
      { isKey: true },
    );
  }
}

/**
 * Makes a function refuse properties. Code that stores values under names from outside,
 * `(session[name] ??= {})[key] = value`, would set a property of this function if the name is taken, and the
 * value would be lost.
 */
function withoutProperties(called: (this: unknown, ...args: unknown[]) => unknown): unknown {
  return Object.setPrototypeOf(called, takesNoProperties);
}

const takesNoProperties = refusesOthers(() => {
  throw new SessionValueError(
    'A value was to be kept in request.session under a name at which the session has a method. Choose another name.',
    { isKey: true },
  );
}, Function.prototype);

/** Names that values cannot have. */
function isTaken(name: string | symbol): boolean {
  return (
    typeof name === 'symbol' ||
    name === 'cookie' ||
    Object.hasOwn(OWN_METHODS, name) ||
    isSessionMethod(name) ||
    isSessionProperty(name)
  );
}

/** `await` would call a function named `then`. */
function assertStorable(name: string | symbol, value: unknown): void {
  if (name === 'then' && typeof value === 'function')
    throw new SessionValueError('request.session.then cannot be a function. Choose another name.');
}
