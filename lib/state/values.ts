import { SessionValueError } from '../session.errors.js';
import { isOpaque, isPlain } from './object-kinds.js';
import { shownKey } from './shown-key.js';
import { shownType } from './shown-type.js';

/** The values of a session: a plain object. @example const values: SessionValues = { cart: ['tea'] }; */
export type Values = Record<string, unknown>;

/** How deep a value may be nested: far deeper than people nest values, and far from overflowing the stack. */
export const MAX_DEPTH = 500;

/** Names that give access to an object's prototype. No path may contain them (CWE-1321, prototype pollution). */
const FORBIDDEN = new Set(['__proto__', 'prototype', 'constructor']);

/**
 * Not a library, because three rules have to hold at once and on the hot path: a key that exists literally
 * wins over the path, only own properties are seen (so `toString` is not a value), and nothing reaches a
 * prototype.
 */
function segmentsOf(path: string): string[] {
  const segments = path.split('.');
  for (const segment of segments) {
    if (FORBIDDEN.has(segment)) {
      throw new SessionValueError(
        `"${shownKey(path)}" cannot be a session key: "${segment}" is not allowed in it. Choose another name.`,
        { isKey: true },
      );
    }
  }
  return segments;
}

/**
 * Throws for anything that is not a valid key: a non-string, or a string with a forbidden segment.
 *
 * @throws SessionValueError
 */
export function assertKey(path: unknown): asserts path is string {
  if (typeof path !== 'string') {
    throw new SessionValueError(
      `A session key is a string such as 'cart' or 'cart.total'; got ${shownType(path)}.`,
      { isKey: true },
    );
  }
  if (path.includes('.') || FORBIDDEN.has(path)) segmentsOf(path);
}

/** Whether a string is a valid key: it has no forbidden segment. */
export function isKey(path: string): boolean {
  return !path.split('.').some((segment) => FORBIDDEN.has(segment));
}

/** Whether a path can lead into a value: an object or a list. */
export function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Whether a key can be looked up directly: it has no dot, or exists literally. No text keeps one that is undefined. */
export function isLiteral(values: Readonly<Values>, path: string): boolean {
  // JavaScript callers may pass anything, such as a list from a query (`?key=a&key=b`).
  if (typeof path !== 'string') assertKey(path);
  if (path.includes('.')) return Object.hasOwn(values, path) && values[path] !== undefined;
  if (FORBIDDEN.has(path)) segmentsOf(path);
  return true;
}

/** The top-level key that a path leads to, or begins with. */
export function topLevelKey(values: Readonly<Values>, path: string): string {
  return isLiteral(values, path) ? path : (path.split('.')[0] ?? path);
}

/** The value at a path, or undefined. */
export function readPath(values: Readonly<Values>, path: string): unknown {
  if (isLiteral(values, path)) {
    return Object.hasOwn(values, path) ? values[path] : undefined;
  }
  return valueBelow(values, segmentsOf(path));
}

/** The value to which own properties of these names lead; undefined if there is none. */
function valueBelow(values: unknown, segments: readonly string[]): unknown {
  let current = values;
  for (const segment of segments) {
    if (!isContainer(current) || !Object.hasOwn(current, segment)) return undefined;
    current = current[segment];
  }
  return current;
}

/** Whether there is anything at a path, null included. */
export const hasPath = (values: Readonly<Values>, path: string): boolean =>
  readPath(values, path) !== undefined;

/**
 * Stores a value at a path, and creates missing objects on the way. A value on the way that is not an object
 * is replaced.
 *
 * @throws SessionValueError for a forbidden segment, for a list index that would leave a hole, and if a Map
 * or the like is on the way
 */
export function writePath(values: Values, path: string, value: unknown): void {
  if (isLiteral(values, path)) {
    values[path] = value;
    return;
  }
  const segments = segmentsOf(path);
  const last = segments.pop() ?? '';
  let current: Record<string, unknown> = values;
  for (const segment of segments) {
    assertPlace(current, segment, path);
    const next = Object.hasOwn(current, segment) ? current[segment] : undefined;
    if (isContainer(next)) {
      current = next;
    } else {
      const created: Values = {};
      current[segment] = created;
      current = created;
    }
  }
  assertPlace(current, last, path);
  current[last] = value;
}

/**
 * Checks that a value can be stored here. A list takes an existing index or the next one: anything else would
 * make it sparse, or change its length. A property of a Map or the like would be lost.
 */
function assertPlace(container: object, segment: string, path: string): void {
  if (!Array.isArray(container)) {
    if (isPlain(container) || ArrayBuffer.isView(container) || !isOpaque(container)) return;
    throw new SessionValueError(
      `Cannot store at "${shownKey(path)}": a ${container.constructor.name} is on the way, in which no path leads anywhere. Change it in place.`,
    );
  }
  if (!/^(0|[1-9]\d*)$/.test(segment) || Number(segment) > container.length) {
    throw new SessionValueError(
      `Cannot store at "${shownKey(path)}": there is a list of ${container.length}, and "${shownKey(segment)}" is neither one of its indexes nor the next. Use push().`,
    );
  }
}

/**
 * Removes the value at a path. A list item is spliced out, so that no hole is left.
 *
 * @returns false if there was none
 */
export function removePath(values: Values, path: string): boolean {
  if (isLiteral(values, path)) {
    if (!Object.hasOwn(values, path)) return false;
    delete values[path];
    return true;
  }
  const segments = segmentsOf(path);
  const last = segments.pop() ?? '';
  const current = valueBelow(values, segments);
  if (!isContainer(current) || !Object.hasOwn(current, last)) return false;
  if (Array.isArray(current)) {
    if (!/^\d+$/.test(last)) return false;
    current.splice(Number(last), 1);
  } else {
    delete current[last];
  }
  return true;
}

/** A plain object with the given keys, as far as they exist. The values are not copied, and not changed. */
export function pick(values: Values, paths: readonly string[]): Values {
  const picked: Values = {};
  for (const path of paths) {
    const value = readPath(values, path);
    if (value === undefined) continue;
    if (isLiteral(values, path)) picked[path] = value;
    else if (readPath(picked, path) !== value) writePath(picked, path, value);
  }
  return picked;
}

/**
 * Values with others merged into them: plain objects are merged, any other incoming value replaces the present one.
 * Neither is changed, so an object that appears in several places changes in one only.
 */
export function mergedWith(values: Values, incoming: Values): Values {
  const all = { ...values };
  for (const [key, value] of Object.entries(incoming)) {
    const present = Object.hasOwn(all, key) ? all[key] : undefined;
    const isMerged = isPlainValues(present) && isPlainValues(value);
    setOwn(all, key, isMerged ? mergedWith(present, value) : value);
  }
  return all;
}

/** Whether a value is an object of any class, but not a list. */
export function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is a plain object, and not a list. */
export function isPlainValues(value: unknown): value is Values {
  return isObject(value) && isPlain(value);
}

/** Copies a parsed JSON value: its objects and lists are plain, and each appears only once. */
export function copyOfJson(read: Readonly<Values>): Values {
  const copy: Values = { ...read };
  for (const key in copy) {
    const member = copy[key];
    if (isContainer(member)) setOwn(copy, key, copyOfMember(member));
  }
  return copy;
}

function copyOfMember(member: unknown): unknown {
  if (Array.isArray(member)) return member.map(copyOfMember);
  return isContainer(member) ? copyOfJson(member) : member;
}

/** Sets an own property, also under the key `__proto__`, which a visitor's JSON may have. */
export function setOwn(values: Values, key: string, value: unknown): void {
  if (key !== '__proto__') values[key] = value;
  else Object.defineProperty(values, key, { value, enumerable: true, writable: true, configurable: true });
}
