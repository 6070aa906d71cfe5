import type { Values } from '../state/values.js';

/**
 * The declared keys of a session.
 *
 * @example
 * const key: SessionKey<{ cart: string[]; userId: string }> = 'cart'; // 'cart' | 'userId'
 */
export type KeyOf<T> = keyof T & string;

/**
 * Any key; editors suggest the declared ones.
 *
 * @example
 * const key: AnySessionKey<{ cart: string[] }> = 'cart.0'; // any string; 'cart' is suggested
 */
export type AnyKey<T> = KeyOf<T> | (string & {});

/**
 * Keys as methods take them: one, several, a list, or lists, but at least one. Editors suggest the declared
 * ones.
 *
 * @example
 * const clear = (session: Session, ...keys: SessionKeys<SessionData>) => session.forget(...keys);
 */
export type KeysOf<T> = readonly [OneOrMore<T>, ...OneOrMore<T>[]];

type OneOrMore<T> = AnyKey<T> | readonly AnyKey<T>[];

/**
 * A key that is not declared: the loosely typed overloads accept only these. A union of which only some
 * members are declared counts as undeclared.
 *
 * @example
 * const key: UndeclaredSessionKey<{ cart: string[] }, 'draft'> = 'draft'; // for 'cart' it is never
 */
export type UndeclaredKey<T, K extends string> = [K] extends [KeyOf<T>] ? never : K;

/**
 * The readable values of a session: declared keys with their types, all others as `unknown`.
 *
 * @example
 * const values: ReadableValues<SessionData> = session.all();
 */
export type Readable<T> = Partial<T> & Values;

/**
 * Any part of the declared values, at any depth, and any other values.
 *
 * @example
 * const changes: MergeableValues<{ user: { name: string; theme: string } }> = { user: { theme: 'dark' } };
 * session.merge(changes);
 */
export type Mergeable<T> = { readonly [K in keyof T]?: PartOf<T[K]> } & Readonly<Values>;

/** Lists, and values that are not objects, are taken as a whole. */
type PartOf<V> = V extends readonly unknown[] ? V : V extends object ? { [K in keyof V]?: PartOf<V[K]> } : V;
