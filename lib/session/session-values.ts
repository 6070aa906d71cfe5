import { SessionValueError } from '../session.errors.js';
import type { Updater } from '../state/changes.js';
import { shownKey } from '../state/shown-key.js';
import { type Values, assertKey } from '../state/values.js';
import { type Fallback, isPresent, orFallback } from './fallback.js';
import { SessionAccess } from './session-access.js';
import type { SessionData } from './session-data.js';

/** The declared keys of a session. */
export type KeyOf<T> = keyof T & string;

/** Any key, with the declared ones offered by the editor. */
export type AnyKey<T> = KeyOf<T> | (string & {});

/**
 * A key that is not declared: the loosely typed overloads take no other. Several keys of which only some are declared
 * are among them.
 */
export type UndeclaredKey<T, K extends string> = [K] extends [KeyOf<T>] ? never : K;

/** What is readable of a session: the declared keys with their types, any other as `unknown`. */
export type Readable<T> = Partial<T> & Values;

/** The values of a session: reading and writing. */
export abstract class SessionValues<T extends object = SessionData> extends SessionAccess {
  // ---- reading -------------------------------------------------------------------------------------------------

  /** A plain object of everything readable: the same as `all()`. */
  get(): Readable<T>;
  /**
   * The value of a declared key; undefined where it is missing. Values of the session come first, then the flash
   * messages that this request sees.
   *
   * @example
   * session.get('cart')
   */
  get<K extends KeyOf<T>>(key: K): T[K] | undefined;
  /**
   * The value of a declared key, or a default where it is missing or null. Values of the session come first, then the
   * flash messages that this request sees.
   *
   * @param fallback the default, or a function that is called for it
   * @example
   * session.get('cart', [])
   */
  get<K extends KeyOf<T>>(key: K, fallback: Fallback<NonNullable<T[K]>>): NonNullable<T[K]>;
  /** The value of a declared key, or null where it is missing. */
  get<K extends KeyOf<T>>(key: K, fallback: null): NonNullable<T[K]> | null;
  /**
   * The value at a key that is not declared; undefined where it is missing. Values of the session come first, then the
   * flash messages that this request sees.
   *
   * @typeParam V what you know the value to be; nothing checks it. Default unknown
   * @param key dot path; a key that exists literally wins
   * @throws SessionValueError for `__proto__`, `prototype` or `constructor` in the path, and for what is no text
   * @example
   * session.get<string>('user.name')
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what it knows the value to be
  get<V = unknown, K extends string = string>(key: UndeclaredKey<T, K>): NoInfer<V> | undefined;
  /**
   * The value at a key that is not declared, or a default where it is missing or null.
   *
   * @typeParam V what you know the value to be; nothing checks it. Default unknown
   * @param key dot path; a key that exists literally wins
   * @param fallback the default, or a function that is called for it
   * @throws SessionValueError for `__proto__`, `prototype` or `constructor` in the path, and for what is no text
   * @example
   * session.get<number>('cart.total', 0)
   */
  get<V = unknown, K extends string = string>(
    key: UndeclaredKey<T, K>,
    fallback: Fallback<NoInfer<V>>,
  ): NoInfer<V>;
  get(...given: [] | [key: string, fallback?: unknown]): unknown {
    // Counted, and not compared with undefined: a key that is missing by mistake must not give everything away.
    if (given.length === 0) return this.all();
    const [key, fallback] = given;
    return orFallback(this.read(key), fallback);
  }

  /**
   * A plain object of everything readable: the values, and under them the flash messages that this request sees.
   *
   * @example
   * session.all() // { userId: '42', status: 'Saved.' }
   */
  all(): Readable<T>;
  all(): Values {
    const life = this.readable;
    const all = life.state.all();
    this.lent(life);
    return all;
  }

  /** What `JSON.stringify(session)` and a handler that returns its session give: everything readable, and no id. */
  toJSON(): Values {
    return this.all();
  }

  /**
   * Whether a value, or a flash message, is there and not null. A list of keys: whether all of them are.
   *
   * @example
   * session.has('userId') // 0, false and '' are there too
   */
  has(key: AnyKey<T> | readonly AnyKey<T>[]): boolean {
    return listOf(key).every((each) => isPresent(this.read(each)));
  }

  /** Whether a value, or a flash message, is there, null included. A list of keys: whether all of them are. */
  exists(key: AnyKey<T> | readonly AnyKey<T>[]): boolean {
    const { state } = this.readable;
    return listOf(key).every((each) => state.has(each));
  }

  /** Whether a value is absent or null. A list of keys: whether all of them are. */
  missing(key: AnyKey<T> | readonly AnyKey<T>[]): boolean {
    return listOf(key).every((each) => !isPresent(this.read(each)));
  }

  /**
   * A plain object with some of the keys, those that are there. A path keeps its place: `only('user.name')` gives
   * `{ user: { name } }`.
   */
  only(keys: AnyKey<T> | readonly AnyKey<T>[]): Readable<T>;
  only(keys: string | readonly string[]): Values {
    const life = this.readable;
    const picked = life.state.only(listOf(keys));
    this.lent(life);
    return picked;
  }

  /** A plain object of everything readable but some keys. */
  except(keys: AnyKey<T> | readonly AnyKey<T>[]): Readable<T>;
  except(keys: string | readonly string[]): Values {
    const life = this.readable;
    const rest = life.state.except(listOf(keys));
    this.lent(life);
    return rest;
  }

  /** The value of any key, declared or not. */
  protected read(key: string): unknown {
    const life = this.readable;
    const value = life.state.read(key);
    if (typeof value === 'object') this.lent(life);
    return value;
  }

  // ---- writing -------------------------------------------------------------------------------------------------

  /** Gets the value of a declared key and removes it; undefined where it is missing. */
  pull<K extends KeyOf<T>>(key: K): T[K] | undefined;
  /**
   * Gets the value of a declared key and removes it.
   *
   * @param fallback in place of a value that is missing or null; a function is called for it
   * @example
   * return { url: session.pull('returnTo', '/account') };
   */
  pull<K extends KeyOf<T>>(key: K, fallback: Fallback<NonNullable<T[K]>>): NonNullable<T[K]>;
  /** Gets the value of a declared key and removes it; null where it is missing. */
  pull<K extends KeyOf<T>>(key: K, fallback: null): NonNullable<T[K]> | null;
  /**
   * Gets the value at a key that is not declared, and removes it; undefined where it is missing.
   *
   * @typeParam V what you know the value to be; nothing checks it. Default unknown
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what it knows the value to be
  pull<V = unknown, K extends string = string>(key: UndeclaredKey<T, K>): NoInfer<V> | undefined;
  /**
   * Gets the value at a key that is not declared, and removes it.
   *
   * @typeParam V what you know the value to be; nothing checks it. Default unknown
   * @param fallback in place of a value that is missing or null; a function is called for it
   */
  pull<V = unknown, K extends string = string>(
    key: UndeclaredKey<T, K>,
    fallback: Fallback<NoInfer<V>>,
  ): NoInfer<V>;
  pull(key: string, fallback?: unknown): unknown {
    const { state } = this.writable;
    const value = state.read(key);
    state.forget(key);
    return orFallback(value, fallback);
  }

  /**
   * Stores the value of a declared key. A value that cannot be stored is reported by the commit.
   *
   * @throws SessionReadonlyError where the session is read-only
   * @example
   * session.put('userId', user.id)
   */
  put<K extends KeyOf<T>>(key: K, value: T[K]): this;
  /**
   * Stores several values, each as `put(key, value)` does. What is not named stays.
   *
   * @throws SessionReadonlyError where the session is read-only
   * @example
   * session.put({ theme: 'dark', currency: 'EUR' })
   */
  put(values: Readable<T>): this;
  /**
   * Stores a value under a key that is not declared. A value that cannot be stored is reported by the commit.
   *
   * @param key dot path; what is missing on the way is made
   * @throws SessionValueError for `__proto__`, `prototype` or `constructor` in the path, or a place in a list that is
   * neither there nor the next
   * @throws SessionReadonlyError where the session is read-only
   * @example
   * session.put('cart.total', 1900)
   */
  put<K extends string>(key: K extends KeyOf<T> ? never : K, value: unknown): this;
  put(key: string | Values, value?: unknown): this {
    const { state } = this.writable;
    if (isSeveral(key)) {
      for (const [name, each] of Object.entries(key)) state.put(name, each);
    } else {
      state.put(key, value);
    }
    return this;
  }

  /** The same as `put`. */
  declare set: this['put'];

  /**
   * Replaces the value of a declared key by `fn(current)`; undefined removes it. If another request wrote the session
   * first, `fn` runs again on the newest value: so it should depend on nothing but its argument.
   *
   * @throws SessionValueError where `fn` returns a promise
   * @example
   * session.update('cart', (cart = []) => cart.filter((line) => line.sku !== sku))
   */
  update<K extends KeyOf<T>>(key: K, fn: (current: T[K] | undefined) => T[K] | undefined): this;
  /**
   * Replaces the value at a key that is not declared by `fn(current)`; undefined removes it. If another request wrote
   * the session first, `fn` runs again on the newest value: so it should depend on nothing but its argument.
   *
   * @typeParam V what you know the value to be; nothing checks it. Default unknown
   * @throws SessionValueError where `fn` returns a promise
   * @example
   * session.update<number>('cart.mug', (quantity = 0) => Math.min(quantity + 1, 99))
   */
  update<V = unknown, K extends string = string>(
    key: UndeclaredKey<T, K>,
    fn: (current: NoInfer<V> | undefined) => NoInfer<V> | undefined,
  ): this;
  update(key: string, fn: Updater): this {
    this.writable.state.update(key, fn);
    return this;
  }

  /**
   * Appends to the list under a declared key, created where missing.
   *
   * @throws SessionValueError where there is something else than a list
   * @example
   * session.push('cart', { sku: 'mug', quantity: 1 })
   */
  push<K extends KeyOf<T>>(
    key: K,
    value: NonNullable<T[K]> extends readonly (infer Item)[] ? Item : never,
  ): this;
  /**
   * Appends to the list under a key that is not declared, created where missing.
   *
   * @throws SessionValueError where there is something else than a list
   */
  push<K extends string>(key: K extends KeyOf<T> ? never : K, value: unknown): this;
  push(key: string, value: unknown): this {
    this.writable.state.push(key, value);
    return this;
  }

  /**
   * Adds to a number; missing counts as 0. Two requests at once: both count.
   *
   * @param by how much, a finite number. Default 1
   * @returns the new number, as far as this request knows
   * @throws SessionValueError where there is something else than a number, or `by` is no finite number
   * @example
   * session.increment('visits')
   */
  increment<K extends KeyOf<T>>(key: NonNullable<T[K]> extends number ? K : never, by?: number): number;
  /** Adds to a number under a key that is not declared, and is otherwise the same. */
  increment<K extends string>(key: K extends KeyOf<T> ? never : K, by?: number): number;
  increment(key: string, by = 1): number {
    return this.#add(key, by);
  }

  /**
   * Subtracts from a number; missing counts as 0.
   *
   * @param by how much, a finite number. Default 1
   * @returns the new number, as far as this request knows
   * @throws SessionValueError where there is something else than a number, or `by` is no finite number
   */
  decrement<K extends KeyOf<T>>(key: NonNullable<T[K]> extends number ? K : never, by?: number): number;
  /** Subtracts from a number under a key that is not declared, and is otherwise the same. */
  decrement<K extends string>(key: K extends KeyOf<T> ? never : K, by?: number): number;
  decrement(key: string, by = 1): number {
    return this.#add(key, -by);
  }

  #add(key: string, by: number): number {
    assertKey(key);
    if (typeof by !== 'number' || !Number.isFinite(by)) {
      throw new SessionValueError(`Cannot increment "${shownKey(key)}" by ${shown(by)}: it takes a finite number.`);
    }
    return this.writable.state.increment(key, by);
  }

  /** Removes all values and this request's flash messages; the session and its id stay. */
  flush(): this {
    this.writable.state.flush();
    return this;
  }

  /** The same as `flush`. */
  clear(): this {
    return this.flush();
  }

  /**
   * Replaces all values, and removes this request's flash messages. Keys are taken literally here, dots included.
   *
   * @throws SessionValueError where `values` is no object, or a key cannot be one
   */
  reset(values: Readable<T>): this {
    this.writable.state.reset(values);
    return this;
  }
}

// `set` is `put` under another name, overloads and all.
Object.defineProperty(SessionValues.prototype, 'set', {
  // oxlint-disable-next-line typescript/unbound-method -- goes back on the prototype, where each call binds it
  value: SessionValues.prototype.put,
  writable: true,
  configurable: true,
});

/** Whether several values by their keys were given in place of one key. A list is neither. */
export function isSeveral(key: unknown): key is Values {
  return typeof key === 'object' && key !== null && !Array.isArray(key);
}

/** A number as it is, of anything else its type: it may be something that a visitor sent. */
function shown(by: unknown): string {
  return typeof by === 'number' ? String(by) : `a value of type ${typeof by}`;
}

/** One key or several, as a list. What is neither is refused by whoever looks it up. */
export function listOf(keys: string | readonly string[]): readonly string[] {
  return isList(keys) ? keys : [keys];
}

function isList(keys: unknown): keys is readonly string[] {
  return Array.isArray(keys);
}
