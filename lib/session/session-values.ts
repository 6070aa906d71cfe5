import { SessionValueError } from '../session.errors.js';
import type { Updater } from '../state/changes.js';
import { shownKey } from '../state/shown-key.js';
import { type Values, assertKey } from '../state/values.js';
import { type Fallback, isPresent, orFallback } from './fallback.js';
import { type GivenKeys, givenKeys } from './given-keys.js';
import { isSeveral } from './is-several.js';
import { SessionAccess } from './session-access.js';
import type { SessionData } from './session-data.js';

/** The declared keys of a session. */
export type KeyOf<T> = keyof T & string;

/** Any key, with the declared ones offered by the editor. */
export type AnyKey<T> = KeyOf<T> | (string & {});

/**
 * Keys as a method takes them: one, several, a list, or lists; but not none at all. The declared ones are offered by the
 * editor.
 */
export type KeysOf<T> = readonly [OneOrMore<T>, ...OneOrMore<T>[]];

type OneOrMore<T> = AnyKey<T> | readonly AnyKey<T>[];

/**
 * A key that is not declared: the loosely typed overloads take no other. Several keys of which only some are declared
 * are among them.
 */
export type UndeclaredKey<T, K extends string> = [K] extends [KeyOf<T>] ? never : K;

/** What is readable of a session: the declared keys with their types, any other as `unknown`. */
export type Readable<T> = Partial<T> & Values;

/** Some of the declared values, at any depth, and any other. */
export type Mergeable<T> = { readonly [K in keyof T]?: PartOf<T[K]> } & Readonly<Values>;

/** A list is taken as a whole; so is what is no object. */
type PartOf<V> = V extends readonly unknown[] ? V : V extends object ? { [K in keyof V]?: PartOf<V[K]> } : V;

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
   * Whether a value, or a flash message, is there and not null; of several keys, whether all of them are.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError where something is no key, or there is none
   * @example
   * session.has('userId') // 0, false and '' are there too
   * session.has('userId', 'cart')
   */
  has(...keys: KeysOf<T>): boolean {
    return givenKeys('has', keys).every((key) => isPresent(this.read(key)));
  }

  /**
   * Whether at least one of several values, or flash messages, is there and not null.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError where something is no key, or there is none
   * @example
   * session.hasAny(['cart', 'wishlist'])
   */
  hasAny(...keys: KeysOf<T>): boolean {
    return givenKeys('hasAny', keys).some((key) => isPresent(this.read(key)));
  }

  /**
   * Whether a value, or a flash message, is there, null included; of several keys, whether all of them are.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError where something is no key, or there is none
   */
  exists(...keys: KeysOf<T>): boolean {
    const { state } = this.readable;
    return givenKeys('exists', keys).every((key) => state.has(key));
  }

  /**
   * Whether a value is absent or null; of several keys, whether all of them are.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError where something is no key, or there is none
   */
  missing(...keys: KeysOf<T>): boolean {
    return givenKeys('missing', keys).every((key) => !isPresent(this.read(key)));
  }

  /**
   * A plain object with some of the keys, those that are there. A path keeps its place: `only('user.name')` gives
   * `{ user: { name } }`.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError where something is no key, or there is none
   */
  only(...keys: KeysOf<T>): Readable<T>;
  only(...keys: GivenKeys): Values {
    const life = this.readable;
    const picked = life.state.only(givenKeys('only', keys));
    this.lent(life);
    return picked;
  }

  /**
   * A plain object of everything readable but some keys.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError where something is no key, or there is none
   */
  except(...keys: KeysOf<T>): Readable<T>;
  except(...keys: GivenKeys): Values {
    const life = this.readable;
    const rest = life.state.except(givenKeys('except', keys));
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
   * Puts each leaf of a nested object at its own place, leaving what stands beside it. Leaves are all values but plain
   * objects: a list replaces a list.
   *
   * Requests at once that merge different leaves keep both.
   *
   * @param values keys are as in `put`, at every level
   * @throws SessionValueError where `values` is no object, or for what `put` refuses; a wrong key changes nothing
   * @throws SessionReadonlyError where the session is read-only
   * @example
   * session.merge({ user: { settings: { theme: 'dark' } } }) // user.name and user.settings.language stay
   */
  merge(values: Mergeable<T>): this;
  merge(values: Values): this {
    this.writable.state.merge(values);
    return this;
  }

  /**
   * The value of a declared key; where it is missing or null, what `make` resolves to, stored. With a value there,
   * `make` is not called. Await what comes: the value itself, or the promise of it.
   *
   * @throws SessionReadonlyError where the value is missing and the session is read-only
   * @example
   * const rates = await session.remember('rates', () => this.bank.fetchRates());
   */
  remember<K extends KeyOf<T>>(
    key: K,
    make: () => PromiseLike<NonNullable<T[K]>>,
  ): NonNullable<T[K]> | Promise<NonNullable<T[K]>>;
  /**
   * The value of a declared key; where it is missing or null, what `make` returns, stored. If another request stored
   * one first, that one stays. With a value there, `make` is not called.
   *
   * @throws SessionReadonlyError where the value is missing and the session is read-only
   * @example
   * const cart = session.remember('cart', () => []);
   */
  remember<K extends KeyOf<T>>(key: K, make: () => NonNullable<T[K]>): NonNullable<T[K]>;
  /**
   * The value at a key that is not declared; where it is missing or null, what `make` resolves to, stored. Await what
   * comes: the value itself, or the promise of it.
   *
   * @typeParam V what you know the value to be, or else what `make` makes; nothing checks what is there
   * @throws SessionReadonlyError where the value is missing and the session is read-only
   */
  remember<V, K extends string = string>(
    key: UndeclaredKey<T, K>,
    make: () => PromiseLike<V>,
  ): V | Promise<V>;
  /**
   * The value at a key that is not declared; where it is missing or null, what `make` returns, stored.
   *
   * @typeParam V what you know the value to be, or else what `make` makes; nothing checks what is there
   * @throws SessionReadonlyError where the value is missing and the session is read-only
   */
  remember<V, K extends string = string>(key: UndeclaredKey<T, K>, make: () => V): V;
  remember(key: string, make: () => unknown): unknown {
    if (typeof make !== 'function') {
      throw new SessionValueError(
        `remember got ${shown(make)} in place of a function; it takes a key and a function that makes the value. To store a value, use put.`,
      );
    }
    const present = this.read(key);
    if (isPresent(present)) return present;
    // Where nothing can be stored, nothing is made.
    void this.writable;
    const made = make();
    return isPromiseLike(made) ? this.#keepPromised(key, made) : this.#keep(key, made);
  }

  async #keepPromised(key: string, made: PromiseLike<unknown>): Promise<unknown> {
    return this.#keep(key, await made);
  }

  /** Stores what was made, unless there is a value by now: so it is said to the newest record as well. */
  #keep(key: string, made: unknown): unknown {
    const { state } = this.writable;
    state.update(key, (current) => (isPresent(current) ? current : made));
    return this.read(key);
  }

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
    const { state } = this.writable;
    assertKey(key);
    if (typeof by !== 'number' || !Number.isFinite(by)) {
      throw new SessionValueError(
        `Cannot increment "${shownKey(key)}" by ${shown(by)}: it takes a finite number.`,
      );
    }
    return state.increment(key, by);
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

/** A number as it is, of anything else its type: it may be something that a visitor sent. */
function shown(given: unknown): string {
  return typeof given === 'number' ? String(given) : `a value of type ${typeof given}`;
}

/** Clients of databases make queries that are no promises of the language, but can be awaited as well. */
function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
