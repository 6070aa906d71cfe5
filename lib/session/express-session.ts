import { SessionValueError } from '../session.errors.js';
import { shownKey } from '../state/shown-key.js';
import type { Values } from '../state/values.js';
import { isCallback } from './callback.js';
import { ExpressSessionCookie } from './express-session-cookie.js';
import type { RequestSession } from './request-session.js';
import { isSessionMethod, isSessionProperty } from './session-members.js';

/** What the shape needs of its session besides what an application calls. */
export interface ValueAccess {
  /** The session's own values by their top-level keys; null where it is not loaded. Not to be changed. */
  values(): Values | null;
  /** A value was handed out that may be mutated in place. */
  lend(value: unknown): void;
  /** Sets a top-level key as a whole; undefined removes it. */
  assign(key: string, value: unknown): void;
  /** Removes all values but those. */
  keepOnly(keys: readonly string[]): void;
  cookie(): ExpressSessionCookie;
}

/** Methods of express-session that a session does not have, or has in another form. */
const OWN_METHODS: Readonly<
  Record<string, (session: RequestSession, access: ValueAccess, args: readonly unknown[]) => unknown>
> = {
  regenerate(session, access, args) {
    for (const keys of args) if (Array.isArray(keys)) access.keepOnly(keys.map(String));
    return session.regenerate(args.find(isCallback));
  },
  resetMaxAge: (session, _access, args) => session.touch(args.find(isCallback)),
  toJSON(_session, access) {
    const values = { ...access.values() };
    for (const value of Object.values(values)) access.lend(value);
    return values;
  },
};

/**
 * The session of a request as `request.session`: in the shape that express-session gave it, so that libraries made for
 * that work unchanged. Values are own keys, to the letter, dots in them included; beside them are `cookie` and the methods
 * of the session. A name of one of these is refused as a key: nobody's value can break the session.
 *
 * Flash messages are no values here: what a visitor typed into a form is not to be taken for what the application stored.
 */
export function expressSession(session: RequestSession, access: ValueAccess): object {
  const shape: object = new Proxy<object>({}, new Handler(session, access, () => shape));
  return shape;
}

class Handler implements ProxyHandler<object> {
  readonly #session: RequestSession;
  readonly #access: ValueAccess;
  readonly #shape: () => object;

  constructor(session: RequestSession, access: ValueAccess, shape: () => object) {
    this.#session = session;
    this.#access = access;
    this.#shape = shape;
  }

  get(target: object, name: string | symbol): unknown {
    if (typeof name === 'symbol') return Reflect.get(target, name);
    const session = this.#session;
    if (name === 'cookie') return this.#access.cookie();
    const own = Object.hasOwn(OWN_METHODS, name) ? OWN_METHODS[name] : undefined;
    if (own !== undefined) return (...args: unknown[]) => this.#given(own(session, this.#access, args));
    if (isSessionMethod(name)) {
      return (...args: unknown[]) => this.#given(Reflect.apply(session[name], session, args));
    }
    if (isSessionProperty(name)) return session[name];
    return this.#has(name) ? this.#lent(name) : Reflect.get(target, name);
  }

  set(_target: object, name: string | symbol, value: unknown): boolean {
    // Code that copies all there is copies these as well.
    if (isTaken(name) && value === this.get({}, name)) return true;
    this.#access.assign(this.#key(name), isStorable(name, value) ? value : undefined);
    return true;
  }

  has(target: object, name: string | symbol): boolean {
    return isTaken(name) || this.#has(name) || Reflect.has(target, name);
  }

  deleteProperty(_target: object, name: string | symbol): boolean {
    if (this.#has(name)) this.#access.assign(this.#key(name), undefined);
    return true;
  }

  ownKeys(): string[] {
    return Object.keys(this.#access.values() ?? {}).filter((name) => this.#has(name));
  }

  getOwnPropertyDescriptor(_target: object, name: string | symbol): PropertyDescriptor | undefined {
    if (!this.#has(name)) return undefined;
    return { value: this.#lent(name), enumerable: true, writable: true, configurable: true };
  }

  defineProperty(target: object, name: string | symbol, descriptor: PropertyDescriptor): boolean {
    if ('get' in descriptor || 'set' in descriptor || descriptor.configurable === false) return false;
    return this.set(target, name, descriptor.value);
  }

  /** It is a session for whoever asks with instanceof. */
  getPrototypeOf(): object | null {
    return Reflect.getPrototypeOf(this.#session);
  }

  preventExtensions(): boolean {
    return false;
  }

  setPrototypeOf(): boolean {
    return false;
  }

  /** Methods that return their session return this shape of it. */
  #given(result: unknown): unknown {
    return result === this.#session ? this.#shape() : result;
  }

  #lent(name: string): unknown {
    const value = this.#access.values()?.[name];
    this.#access.lend(value);
    return value;
  }

  #has(name: string | symbol): name is string {
    const values = this.#access.values();
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
    const remedy =
      name === 'flash'
        ? "It is a method, session.flash('error', 'text'), and request.flash does what connect-flash does: leave that out."
        : 'Choose another name.';
    throw new SessionValueError(
      `request.session[${shownKey(name)}] cannot be set: the session itself has something of that name. ${remedy}`,
      { isKey: true },
    );
  }
}

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

/** Whoever awaits a session would call it. */
function isStorable(name: string | symbol, value: unknown): boolean {
  if (name !== 'then' || typeof value !== 'function') return true;
  throw new SessionValueError('request.session.then cannot be a function. Choose another name.');
}
