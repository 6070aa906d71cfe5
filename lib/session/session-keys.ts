import type { Values } from '../state/values.js';

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
