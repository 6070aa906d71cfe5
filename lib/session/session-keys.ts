import type { Values } from '../state/values.js';

/** The declared keys of a session. */
export type KeyOf<T> = keyof T & string;

/** Any key; editors suggest the declared ones. */
export type AnyKey<T> = KeyOf<T> | (string & {});

/**
 * Keys as methods take them: one, several, a list, or lists, but at least one. Editors suggest the declared
 * ones.
 */
export type KeysOf<T> = readonly [OneOrMore<T>, ...OneOrMore<T>[]];

type OneOrMore<T> = AnyKey<T> | readonly AnyKey<T>[];

/**
 * A key that is not declared: the loosely typed overloads accept only these. A union of which only some
 * members are declared counts as undeclared.
 */
export type UndeclaredKey<T, K extends string> = [K] extends [KeyOf<T>] ? never : K;

/** The readable values of a session: declared keys with their types, all others as `unknown`. */
export type Readable<T> = Partial<T> & Values;

/** Any part of the declared values, at any depth, and any other values. */
export type Mergeable<T> = { readonly [K in keyof T]?: PartOf<T[K]> } & Readonly<Values>;

/** Lists, and values that are not objects, are taken as a whole. */
type PartOf<V> = V extends readonly unknown[] ? V : V extends object ? { [K in keyof V]?: PartOf<V[K]> } : V;
