import { SessionValueError } from '../session.errors.js';
import type { Updater } from '../state/changes.js';
import { isThenable } from '../state/is-thenable.js';
import { shownKey } from '../state/shown-key.js';
import { shownType } from '../state/shown-type.js';
import { assertKey } from '../state/values.js';
import { isPresent } from './default-value.js';
import type { SessionData } from './session-data.js';
import type { KeyOf, UndeclaredKey } from './session-keys.js';
import { SessionWriting } from './session-writing.js';

/** The methods of a session that write a value computed from the current one. */
export abstract class SessionUpdating<T extends object = SessionData> extends SessionWriting<T> {
  /**
   * Gets the value of a declared key. If it is missing or null, calls `make` and stores what it resolves to;
   * otherwise `make` is not called. Await the result: it is the value itself, or a promise of it.
   *
   * @param key a declared key
   * @param make called without arguments if the value is missing or null; returns a promise of the value
   * @throws SessionReadonlyError if the value is missing or null, and the session is read-only
   * @throws SessionValueError if `make` is not a function
   * @example
   * const rates = await session.remember('rates', () => this.bank.fetchRates());
   */
  remember<K extends KeyOf<T>>(
    key: K,
    make: () => PromiseLike<NonNullable<T[K]>>,
  ): NonNullable<T[K]> | Promise<NonNullable<T[K]>>;
  /**
   * Gets the value of a declared key. If it is missing or null, calls `make` and stores what it returns;
   * otherwise `make` is not called. If another request stored a value first, that one stays.
   *
   * @param key a declared key
   * @param make called without arguments if the value is missing or null; returns the value
   * @throws SessionReadonlyError if the value is missing or null, and the session is read-only
   * @throws SessionValueError if `make` is not a function
   * @example
   * const cart = session.remember('cart', () => []);
   */
  remember<K extends KeyOf<T>>(key: K, make: () => NonNullable<T[K]>): NonNullable<T[K]>;
  /**
   * Gets the value at a key that is not declared. If it is missing or null, calls `make` and stores what it
   * resolves to. Await the result: it is the value itself, or a promise of it.
   *
   * @typeParam V what you know the value to be, by default what `make` returns; nothing checks an existing
   * value
   * @param key dot path; a key that exists literally wins
   * @param make called without arguments if the value is missing or null; returns a promise of the value
   * @throws SessionReadonlyError if the value is missing or null, and the session is read-only
   * @throws SessionValueError if `make` is not a function, or the key is invalid
   */
  remember<V, K extends string = string>(
    key: UndeclaredKey<T, K>,
    make: () => PromiseLike<V>,
  ): V | Promise<V>;
  /**
   * Gets the value at a key that is not declared. If it is missing or null, calls `make` and stores what it
   * returns.
   *
   * @typeParam V what you know the value to be, by default what `make` returns; nothing checks an existing
   * value
   * @param key dot path; a key that exists literally wins
   * @param make called without arguments if the value is missing or null; returns the value
   * @throws SessionReadonlyError if the value is missing or null, and the session is read-only
   * @throws SessionValueError if `make` is not a function, or the key is invalid
   */
  remember<V, K extends string = string>(key: UndeclaredKey<T, K>, make: () => V): V;
  remember(key: string, make: () => unknown): unknown {
    if (typeof make !== 'function') {
      throw new SessionValueError(
        `remember got ${shown(make)} in place of a function; it takes a key and a function that makes the value. To store a value, use put.`,
      );
    }
    const { readable } = this.hosted;
    const present = readable.read(key);
    if (isPresent(present)) {
      this.hosted.armIfTracking(readable);
      return present;
    }
    // Throws if nothing can be stored, before `make` is called.
    void this.hosted.writable;
    const made = make();
    if (!isThenable(made)) return this.#keep(key, made);
    return Promise.resolve(made).then((value) => this.#keep(key, value));
  }

  /**
   * Stores the new value unless there is one by now. This is an update, so that the commit checks the newest
   * record too.
   */
  #keep(key: string, made: unknown): unknown {
    const state = this.hosted.writable;
    state.update(key, (current) => (isPresent(current) ? current : made));
    return state.read(key);
  }

  /**
   * Replaces the value of a declared key by `fn(current)`; undefined removes it. If another request wrote the
   * session first, `fn` runs again on the newest value, so it should depend on nothing but its argument.
   *
   * @param key a declared key
   * @param fn gets the current value, undefined if there is none; returns the new one, not a promise
   * @throws SessionValueError if `fn` is not a function, or returns a promise
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * session.update('cart', (cart = []) => cart.filter((line) => line.sku !== sku))
   */
  update<K extends KeyOf<T>>(key: K, fn: (current: T[K] | undefined) => T[K] | undefined): this;
  /**
   * Replaces the value at a key that is not declared by `fn(current)`; undefined removes it. If another
   * request wrote the session first, `fn` runs again on the newest value, so it should depend on nothing but
   * its argument.
   *
   * @typeParam V what you know the value to be; nothing checks it. Default unknown
   * @param key dot path; a key that exists literally wins
   * @param fn gets the current value, undefined if there is none; returns the new one, not a promise
   * @throws SessionValueError if `fn` is not a function, or returns a promise
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * session.update<number>('cart.mug', (quantity = 0) => Math.min(quantity + 1, 99))
   */
  update<V = unknown, K extends string = string>(
    key: UndeclaredKey<T, K>,
    fn: (current: NoInfer<V> | undefined) => NoInfer<V> | undefined,
  ): this;
  update(key: string, fn: Updater): this {
    this.hosted.writable.update(key, fn);
    return this;
  }

  /**
   * Appends to the list under a declared key, created if missing.
   *
   * @param key a declared key
   * @param value one item of the list
   * @throws SessionValueError if the current value is not a list, or there is not exactly one value to append
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * session.push('cart', { sku: 'mug', quantity: 1 })
   */
  push<K extends KeyOf<T>>(
    key: K,
    value: NonNullable<T[K]> extends readonly (infer Item)[] ? Item : never,
  ): this;
  /**
   * Appends to the list under a key that is not declared, created if missing.
   *
   * @param key dot path; a key that exists literally wins
   * @param value one item, anything that the serializer can store
   * @throws SessionValueError if the current value is not a list, or there is not exactly one value to append
   * @throws SessionReadonlyError if the session is read-only
   */
  push<K extends string>(key: K extends KeyOf<T> ? never : K, value: unknown): this;
  push(key: string, value: unknown): this {
    this.hosted.writable.push(key, value);
    return this;
  }

  /**
   * Adds to a number; a missing value counts as 0. Increments of concurrent requests all count.
   *
   * @param key a declared key whose value is a number
   * @param by the amount, a finite number. Default 1
   * @returns the new number, as far as this request knows
   * @throws SessionValueError if the current value is not a number, or `by` is not a finite number
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * session.increment('visits')
   */
  increment<K extends KeyOf<T>>(key: NonNullable<T[K]> extends number ? K : never, by?: number): number;
  /**
   * Adds to a number at a key that is not declared.
   *
   * @param key dot path; a key that exists literally wins
   * @param by the amount, a finite number. Default 1
   * @returns the new number, as far as this request knows
   * @throws SessionValueError if the current value is not a number, or `by` is not a finite number
   * @throws SessionReadonlyError if the session is read-only
   */
  increment<K extends string>(key: K extends KeyOf<T> ? never : K, by?: number): number;
  increment(key: string, by = 1): number {
    return this.#add('increment', key, by);
  }

  /**
   * Subtracts from a number; a missing value counts as 0.
   *
   * @param key a declared key whose value is a number
   * @param by the amount, a finite number. Default 1
   * @returns the new number, as far as this request knows
   * @throws SessionValueError if the current value is not a number, or `by` is not a finite number
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * const left = session.decrement('attempts');
   */
  decrement<K extends KeyOf<T>>(key: NonNullable<T[K]> extends number ? K : never, by?: number): number;
  /**
   * Subtracts from a number at a key that is not declared.
   *
   * @param key dot path; a key that exists literally wins
   * @param by the amount, a finite number. Default 1
   * @returns the new number, as far as this request knows
   * @throws SessionValueError if the current value is not a number, or `by` is not a finite number
   * @throws SessionReadonlyError if the session is read-only
   */
  decrement<K extends string>(key: K extends KeyOf<T> ? never : K, by?: number): number;
  decrement(key: string, by = 1): number {
    return this.#add('decrement', key, by);
  }

  #add(method: 'increment' | 'decrement', key: string, by: number): number {
    const state = this.hosted.writable;
    assertKey(key);
    if (typeof by !== 'number' || !Number.isFinite(by)) {
      throw new SessionValueError(
        `Cannot ${method} "${shownKey(key)}" by ${shown(by)}: it takes a finite number.`,
      );
    }
    return state.increment(key, method === 'increment' ? by : -by);
  }
}

/** Shows a number as it is, and only the type of anything else: a visitor may have sent it. */
function shown(given: unknown): string {
  return typeof given === 'number' ? String(given) : shownType(given);
}
