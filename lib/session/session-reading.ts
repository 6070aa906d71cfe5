import { omit } from '../state/own-copy.js';
import { type Values, pick } from '../state/values.js';
import { type Fallback, isPresent, orDefault } from './default-value.js';
import { type GivenKeys, givenKeys } from './given-keys.js';
import type { SessionData } from './session-data.js';
import { withoutBags } from './form-bags.js';
import { SessionInfo } from './session-info.js';
import type { KeyOf, KeysOf, Readable, UndeclaredKey } from './session-keys.js';

/** The methods of a session that read its values. */
export abstract class SessionReading<T extends object = SessionData> extends SessionInfo {
  /**
   * A plain object of everything readable, like `all()`.
   *
   * @example
   * session.get() // { userId: '42', status: 'Saved.' }
   */
  get(): Readable<T>;
  /**
   * The value of a declared key; undefined if it is missing. Session values take precedence over the flash
   * messages that this request sees.
   *
   * @param key a declared key
   * @example
   * session.get('cart')
   */
  get<K extends KeyOf<T>>(key: K): T[K] | undefined;
  /**
   * The value of a declared key, or a default if it is missing or null. Session values take precedence over
   * the flash messages that this request sees.
   *
   * @param key a declared key
   * @param fallback the default, or a function that is called for it
   * @example
   * session.get('cart', [])
   */
  get<K extends KeyOf<T>>(key: K, fallback: Fallback<NonNullable<T[K]>>): NonNullable<T[K]>;
  /**
   * The value of a declared key, or null if it is missing.
   *
   * @param key a declared key
   * @param fallback null
   */
  get<K extends KeyOf<T>>(key: K, fallback: null): NonNullable<T[K]> | null;
  /**
   * The value at a key that is not declared; undefined if it is missing. Session values take precedence over
   * the flash messages that this request sees.
   *
   * @typeParam V what you know the value to be; nothing checks it. Default unknown
   * @param key dot path; a key that exists literally wins
   * @throws SessionValueError for `__proto__`, `prototype` or `constructor` in the path, and for a key that
   * is not a string
   * @example
   * session.get<string>('user.name')
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what it knows the value to be
  get<V = unknown, K extends string = string>(key: UndeclaredKey<T, K>): NoInfer<V> | undefined;
  /**
   * The value at a key that is not declared, or a default if it is missing or null.
   *
   * @typeParam V what you know the value to be; nothing checks it. Default unknown
   * @param key dot path; a key that exists literally wins
   * @param fallback the default, or a function that is called for it
   * @throws SessionValueError for `__proto__`, `prototype` or `constructor` in the path, and for a key that
   * is not a string
   * @example
   * session.get<number>('cart.total', 0)
   */
  get<V = unknown, K extends string = string>(
    key: UndeclaredKey<T, K>,
    fallback: Fallback<NoInfer<V>>,
  ): NoInfer<V>;
  get(...given: [] | [key: string, fallback?: unknown]): unknown {
    // Checks the number of arguments: a key that is undefined by mistake must not return everything.
    if (given.length === 0) return this.all();
    const [key, fallback] = given;
    return orDefault(this.#read(key), fallback);
  }

  /**
   * A plain object of everything readable: the values, and the flash messages that this request sees. Values
   * win over messages with the same key.
   *
   * @example
   * session.all() // { userId: '42', status: 'Saved.' }
   */
  all(): Readable<T>;
  all(): Values {
    const state = this.hosted.readable;
    const all = state.all();
    this.hosted.armIfTracking(state);
    return withoutBags(all, state.flash.previousMessages, state.readonlyValues);
  }

  /**
   * The result of `JSON.stringify(session)`, and the response of a handler that returns its session:
   * everything readable, without the id.
   */
  toJSON(): Values {
    return this.all();
  }

  /**
   * Whether a value or flash message exists and is not null; for several keys, whether all of them do (true
   * for an empty list).
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError if an argument is not a key, or no key is given
   * @example
   * session.has('userId') // 0, false and '' are there too
   * session.has('userId', 'cart')
   */
  has(...keys: KeysOf<T>): boolean {
    return givenKeys('has', keys).every((key) => isPresent(this.#read(key)));
  }

  /**
   * Whether at least one of several values or flash messages exists and is not null.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError if an argument is not a key, or no key is given
   * @example
   * session.hasAny(['cart', 'wishlist'])
   */
  hasAny(...keys: KeysOf<T>): boolean {
    return givenKeys('hasAny', keys).some((key) => isPresent(this.#read(key)));
  }

  /**
   * Whether a value or flash message exists, null included; for several keys, whether all of them do.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError if an argument is not a key, or no key is given
   * @example
   * session.exists('coupon') // true for null, too
   */
  exists(...keys: KeysOf<T>): boolean {
    const state = this.hosted.readable;
    return givenKeys('exists', keys).every((key) => state.has(key));
  }

  /**
   * Whether a value is missing or null; for several keys, whether all of them are.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError if an argument is not a key, or no key is given
   * @example
   * if (session.missing('userId')) return redirect('/login');
   */
  missing(...keys: KeysOf<T>): boolean {
    return givenKeys('missing', keys).every((key) => !isPresent(this.#read(key)));
  }

  /**
   * A plain object with only the given keys, as far as they exist. Paths keep their structure:
   * `only('user.name')` returns `{ user: { name } }`. The objects above a path are new: only mutations of the
   * values at the paths are stored.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError if an argument is not a key, or no key is given
   * @example
   * session.only(['cart', 'locale'])
   */
  only(...keys: KeysOf<T>): Readable<T>;
  only(...keys: GivenKeys): Values {
    const state = this.hosted.readable;
    const picked = pick(state.all(), givenKeys('only', keys));
    this.hosted.armIfTracking(state);
    return picked;
  }

  /**
   * A plain object of everything readable except the given keys. The objects above a path are copies: of
   * `except('user.name').user`, mutations are not stored.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError if an argument is not a key, or no key is given
   * @example
   * session.except(['cart'])
   */
  except(...keys: KeysOf<T>): Readable<T>;
  except(...keys: GivenKeys): Values {
    const state = this.hosted.readable;
    const rest = omit(state.all(), givenKeys('except', keys));
    this.hosted.armIfTracking(state);
    return withoutBags(rest, state.flash.previousMessages, state.readonlyValues);
  }

  /** The value of any key, declared or not. */
  #read(key: string): unknown {
    const state = this.hosted.readable;
    const value = state.read(key);
    if (typeof value === 'object') this.hosted.armIfTracking(state);
    return value;
  }
}
