import { isOpaque, isPlain } from './object-kinds.js';
import { MAX_DEPTH } from './values.js';

/**
 * Whether JSON stores a value, with everything in it, without loss. The value has no cycle: it was passed
 * through JSON before.
 *
 * @param depth of the value in the session; anything nested deeper than `MAX_DEPTH` counts as lost
 * @param said whether a `toJSON` returned the value: JSON does not call `toJSON` on it again
 */
export function isLossless(value: unknown, depth: number, said = false): boolean {
  switch (typeof value) {
    case 'function':
    case 'symbol':
      return false;
    case 'number':
      return Number.isFinite(value);
    case 'undefined':
      return !said;
    case 'object':
      return value === null || (depth <= MAX_DEPTH && isLosslessObject(value, depth + 1, said));
    default:
      return true;
  }
}

function isLosslessObject(value: object, depth: number, said: boolean): boolean {
  if (!said && saysItself(value)) {
    if (lossOfSaid(value) !== null) return false;
    return isKnownText(value) || isLossless(value.toJSON(''), depth, true);
  }
  if (lossOfUnasked(value) !== null) return false;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      if (value[index] === undefined || !isLossless(value[index], depth)) return false;
    }
    return true;
  }
  for (const key in value)
    if (Object.hasOwn(value, key) && !isLossless(Reflect.get(value, key), depth)) return false;
  return true;
}

/**
 * What JSON would silently lose of an object itself, apart from its members, as text for an error. Null if
 * nothing.
 *
 * @param said whether a `toJSON` returned the object
 */
export function lossOf(value: object, said: boolean): string | null {
  return !said && saysItself(value) ? lossOfSaid(value) : lossOfUnasked(value);
}

function lossOfUnasked(value: object): string | null {
  if (Array.isArray(value)) return lossOfList(value);
  // Plain objects first: nearly all objects are plain.
  if (Object.getPrototypeOf(value) === Object.prototype || isPlain(value)) return lossOfSymbols(value);
  if (Object.prototype.toString.call(value) === '[object Number]' && !Number.isFinite(Number(value)))
    return `${String(Number(value))} would become null`;
  return isOpaque(value) ? wouldBePlain(value) : null;
}

/**
 * What is lost of an object if only its enumerable properties with string keys are used, as text for an
 * error. Null if nothing.
 */
export function lossOfEntries(value: object): string | null {
  if (isPlain(value)) return lossOfSymbols(value);
  return isOpaque(value) ? `a ${value.constructor.name} has no values by their keys` : null;
}

/** Checks the object itself, not what its `toJSON` returns. */
function lossOfSaid(value: object): string | null {
  if (value instanceof Date && Number.isNaN(value.getTime())) return 'an invalid Date would become null';
  // A Buffer has a `toJSON`, but JSON does not restore a Buffer from it.
  const isBuffer = ArrayBuffer.isView(value) && Reflect.get(value, 'toJSON') === Buffer.prototype.toJSON;
  return isBuffer ? wouldBePlain(value) : null;
}

function wouldBePlain(value: object): string {
  return `a ${value.constructor.name} would become a plain object (give the option 'serializer' one that knows it, such as superjson)`;
}

function lossOfList(list: readonly unknown[]): string | null {
  for (let index = 0; index < list.length; index += 1) {
    if (list[index] === undefined && !(index in list)) return 'a list with holes would have null in them';
  }
  if (Object.keys(list).length !== list.length) return 'a list with named properties would lose them';
  return lossOfSymbols(list);
}

/** For plain objects and lists: symbol keys of class instances are internals, not data. */
function lossOfSymbols(value: object): string | null {
  const symbols = Object.getOwnPropertySymbols(value);
  if (symbols.length === 0) return null;
  const lost = symbols.some((key) => Object.prototype.propertyIsEnumerable.call(value, key));
  return lost ? 'an object or a list with a symbol for a key would lose what is under it' : null;
}

/** Whether an object has a `toJSON`: JSON calls it and writes the result. */
export function saysItself(value: object): value is { toJSON(key: string): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** Whether a `toJSON` is known to return a string: these common ones need not be called a second time. */
function isKnownText({ toJSON }: { toJSON: unknown }): boolean {
  return toJSON === Date.prototype.toJSON || toJSON === URL.prototype.toJSON;
}
