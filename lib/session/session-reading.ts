import type { Values } from '../state/values.js';
import { type Fallback, isPresent, orDefault } from './default-value.js';
import { type GivenKeys, givenKeys } from './given-keys.js';
import type { SessionData } from './session-data.js';
import { SessionInfo } from './session-info.js';
import type { KeyOf, KeysOf, Readable, UndeclaredKey } from './session-keys.js';

/** The methods of a session that read its values. */
export abstract class SessionReading<T extends object = SessionData> extends SessionInfo {
  /**
   * A plain object of everything readable: the same as `all()`.
   *
   * @example
   * session.get('cart.items', [])
   */
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
    // The arguments are counted: a key that is undefined by mistake must not give everything away.
    if (given.length === 0) return this.all();
    const [key, fallback] = given;
    return orDefault(this.#read(key), fallback);
  }

  /**
   * A plain object of everything readable: the values, and under them the flash messages that this request sees.
   *
   * @example
   * session.all() // { userId: '42', status: 'Saved.' }
   */
  all(): Readable<T>;
  all(): Values {
    const state = this.readable;
    const all = state.all();
    this.lent(state);
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
    return givenKeys('has', keys).every((key) => isPresent(this.#read(key)));
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
    return givenKeys('hasAny', keys).some((key) => isPresent(this.#read(key)));
  }

  /**
   * Whether a value, or a flash message, is there, null included; of several keys, whether all of them are.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError where something is no key, or there is none
   * @example
   * session.exists('coupon') // true for null, too
   */
  exists(...keys: KeysOf<T>): boolean {
    const state = this.readable;
    return givenKeys('exists', keys).every((key) => state.has(key));
  }

  /**
   * Whether a value is absent or null; of several keys, whether all of them are.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError where something is no key, or there is none
   * @example
   * if (session.missing('userId')) return redirect('/login');
   */
  missing(...keys: KeysOf<T>): boolean {
    return givenKeys('missing', keys).every((key) => !isPresent(this.#read(key)));
  }

  /**
   * A plain object with some of the keys, those that are there. A path keeps its place: `only('user.name')` gives
   * `{ user: { name } }`.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError where something is no key, or there is none
   * @example
   * session.only(['cart', 'locale'])
   */
  only(...keys: KeysOf<T>): Readable<T>;
  only(...keys: GivenKeys): Values {
    const state = this.readable;
    const picked = state.only(givenKeys('only', keys));
    this.lent(state);
    return picked;
  }

  /**
   * A plain object of everything readable but some keys.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError where something is no key, or there is none
   * @example
   * session.except(['cart'])
   */
  except(...keys: KeysOf<T>): Readable<T>;
  except(...keys: GivenKeys): Values {
    const state = this.readable;
    const rest = state.except(givenKeys('except', keys));
    this.lent(state);
    return rest;
  }

  /** The value of any key, declared or not. */
  #read(key: string): unknown {
    const state = this.readable;
    const value = state.read(key);
    if (typeof value === 'object') this.lent(state);
    return value;
  }
}
