import { isOpaque, isPlain } from './object-kinds.js';
import { MAX_DEPTH } from './values.js';

/**
 * Whether JSON writes a value, with all that is in it, so that nothing of it is lost when it is read. JSON has been through the
 * value already: it has no cycle.
 *
 * @param depth of the value in the session; what is nested deeper than `MAX_DEPTH` counts as lost
 * @param said whether it is what a `toJSON` returned: JSON writes that as it is, and does not ask it once more
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
 * What JSON would do to an object without a word, its members apart, in the words of an error. Null where it does nothing.
 *
 * @param said whether the object is what a `toJSON` returned
 */
export function lossOf(value: object, said: boolean): string | null {
  return !said && saysItself(value) ? lossOfSaid(value) : lossOfUnasked(value);
}

function lossOfUnasked(value: object): string | null {
  if (Array.isArray(value)) return lossOfList(value);
  // Plain objects, nearly all there are, are found out first.
  if (Object.getPrototypeOf(value) === Object.prototype || isPlain(value)) return lossOfSymbols(value);
  if (Object.prototype.toString.call(value) === '[object Number]' && !Number.isFinite(Number(value)))
    return `${String(Number(value))} would become null`;
  return isOpaque(value) ? wouldBePlain(value) : null;
}

/**
 * What is lost of an object where only its enumerable properties with text for a key are taken, in the words of an error.
 * Null: nothing.
 */
export function lossOfEntries(value: object): string | null {
  if (isPlain(value)) return lossOfSymbols(value);
  return isOpaque(value) ? `a ${value.constructor.name} has no values by their keys` : null;
}

/** What it says of itself is another question. */
function lossOfSaid(value: object): string | null {
  if (value instanceof Date && Number.isNaN(value.getTime())) return 'an invalid Date would become null';
  // A Buffer says itself how it is written, but JSON does not bring it back.
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
  return Object.keys(list).length === list.length ? null : 'a list with named properties would lose them';
}

/** Of plain objects and lists only: symbols of a class's instances are how it works inside, and no data. */
function lossOfSymbols(value: object): string | null {
  const symbols = Object.getOwnPropertySymbols(value);
  if (symbols.length === 0) return null;
  const lost = symbols.some((key) => Object.prototype.propertyIsEnumerable.call(value, key));
  return lost ? 'an object with a symbol for a key would lose what is under it' : null;
}

/** Whether an object has a `toJSON`: JSON asks it itself, and writes what it answers. */
export function saysItself(value: object): value is { toJSON(key: string): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** Whether it is known without asking that what an object says of itself is text: the usual ones, which would be asked twice. */
function isKnownText({ toJSON }: { toJSON: unknown }): boolean {
  return toJSON === Date.prototype.toJSON || toJSON === URL.prototype.toJSON;
}
