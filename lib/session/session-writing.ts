import { type Values, isObject } from '../state/values.js';
import { valuesByKey } from '../state/values-by-key.js';
import { type Fallback, orDefault } from './default-value.js';
import type { SessionData } from './session-data.js';
import type { KeyOf, Mergeable, Readable, UndeclaredKey } from './session-keys.js';
import { SessionReading } from './session-reading.js';

/** The methods of a session that write its values. */
export abstract class SessionWriting<T extends object = SessionData> extends SessionReading<T> {
  /**
   * Gets the value of a declared key and removes it; undefined if it is missing. A flash message waits for a
   * request that can show it, if this one cannot (a prefetch).
   *
   * @param key a declared key
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * const coupon = session.pull('coupon');
   */
  pull<K extends KeyOf<T>>(key: K): T[K] | undefined;
  /**
   * Gets the value of a declared key and removes it.
   *
   * @param key a declared key
   * @param fallback used if the value is missing or null; a function is called to get it
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * return { url: session.pull('returnTo', '/account') };
   */
  pull<K extends KeyOf<T>>(key: K, fallback: Fallback<NonNullable<T[K]>>): NonNullable<T[K]>;
  /**
   * Gets the value of a declared key and removes it; null if it is missing.
   *
   * @param key a declared key
   * @param fallback null
   * @throws SessionReadonlyError if the session is read-only
   */
  pull<K extends KeyOf<T>>(key: K, fallback: null): NonNullable<T[K]> | null;
  /**
   * Gets the value at a key that is not declared, and removes it; undefined if it is missing.
   *
   * @typeParam V what you know the value to be; nothing checks it. Default unknown
   * @param key dot path; a key that exists literally wins
   * @throws SessionValueError for `__proto__`, `prototype` or `constructor` in the path, and for a key that
   * is not a string
   * @throws SessionReadonlyError if the session is read-only
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what it knows the value to be
  pull<V = unknown, K extends string = string>(key: UndeclaredKey<T, K>): NoInfer<V> | undefined;
  /**
   * Gets the value at a key that is not declared, and removes it.
   *
   * @typeParam V what you know the value to be; nothing checks it. Default unknown
   * @param key dot path; a key that exists literally wins
   * @param fallback used if the value is missing or null; a function is called to get it
   * @throws SessionValueError for `__proto__`, `prototype` or `constructor` in the path, and for a key that
   * is not a string
   * @throws SessionReadonlyError if the session is read-only
   */
  pull<V = unknown, K extends string = string>(
    key: UndeclaredKey<T, K>,
    fallback: Fallback<NoInfer<V>>,
  ): NoInfer<V>;
  pull(key: string, fallback?: unknown): unknown {
    return orDefault(this.hosted.writable.pull(key), fallback);
  }

  /**
   * Stores the value of a declared key. A value that cannot be stored is reported by the commit.
   *
   * @param key a declared key
   * @param value of the declared type
   * @throws SessionReadonlyError if the session is read-only
   * @throws SessionValueError if there is no second argument: a key without a value
   * @example
   * session.put('userId', user.id)
   */
  put<K extends KeyOf<T>>(key: K, value: T[K]): this;
  /**
   * Stores several values, each like `put(key, value)`. All other values stay.
   *
   * @param values a plain object of values by key; each key works like in `put(key, value)`
   * @throws SessionReadonlyError if the session is read-only
   * @throws SessionValueError if `values` keeps its content elsewhere than in properties (a Map, FormData)
   * @example
   * session.put({ theme: 'dark', currency: 'EUR' })
   */
  put(values: Readable<T>): this;
  /**
   * Stores a value under a key that is not declared. A value that cannot be stored is reported by the commit.
   *
   * @param key dot path; objects missing on the way are created
   * @param value anything that the serializer can store
   * @throws SessionValueError for `__proto__`, `prototype` or `constructor` in the path, or an index of a
   * list that is neither in use nor the next one
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * session.put('cart.total', 1900)
   */
  put<K extends string>(key: K extends KeyOf<T> ? never : K, value: unknown): this;
  put(key: string | Values, value?: unknown): this {
    const state = this.hosted.writable;
    if (isObject(key)) {
      for (const [name, each] of Object.entries(valuesByKey('put', key, state.readonlyValues)))
        state.put(name, each);
    } else {
      state.put(key, value);
    }
    return this;
  }

  /**
   * The same as `put`.
   *
   * @example
   * session.set('locale', 'en');
   */
  declare set: this['put'];

  /**
   * Stores each leaf of a nested object at its own path and leaves the values next to it alone. Everything
   * except a plain object is a leaf: a list replaces a list.
   *
   * If two concurrent requests merge different leaves, both are kept.
   *
   * @param values keys work like in `put`, at every level
   * @throws SessionValueError if `values` is not an object, or for what `put` refuses; an invalid key changes
   * nothing
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * session.merge({ user: { settings: { theme: 'dark' } } }) // user.name and user.settings.language stay
   */
  merge(values: Mergeable<T>): this;
  merge(values: Values): this {
    this.hosted.writable.merge(values);
    return this;
  }

  /**
   * Removes all values and this request's flash messages; the session and its id stay.
   *
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * session.flush();
   */
  flush(): this {
    this.hosted.writable.flush();
    return this;
  }

  /**
   * The same as `flush`.
   *
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * session.clear();
   */
  clear(): this {
    return this.flush();
  }

  /**
   * Replaces all values, and removes this request's flash messages. Keys are taken literally, dots included.
   *
   * @param values a plain object of values by key
   * @throws SessionValueError if `values` is not an object, or a key is invalid
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * session.reset({ locale: 'en' });
   */
  reset(values: Readable<T>): this {
    this.hosted.writable.reset(values);
    return this;
  }
}

// `set` is an alias of `put`, with all its overloads.
Object.defineProperty(SessionWriting.prototype, 'set', {
  // oxlint-disable-next-line typescript/unbound-method -- assigned to the prototype again, so each call binds `this`
  value: SessionWriting.prototype.put,
  writable: true,
  configurable: true,
});
