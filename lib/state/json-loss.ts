import { isThenable } from './is-thenable.js';
import { isOpaque, isPlain } from './object-kinds.js';
import { MAX_DEPTH } from './values.js';

/** What JSON would silently drop or change of a value, and where in the value. */
export interface Loss {
  readonly reason: string;
  /** The keys that lead there; none if it is the value itself. */
  readonly path: readonly string[];
}

export const TOO_DEEP = `it is nested more than ${MAX_DEPTH} levels deep`;

/**
 * The first thing in a value that JSON stores with a loss; null if there is none. The value has no cycle: it
 * was passed through JSON before.
 *
 * @param depth of the value in the session; anything nested deeper than `MAX_DEPTH` counts as lost
 * @param said whether a `toJSON` returned the value: JSON does not call `toJSON` on it again
 */
export function lossIn(value: unknown, depth: number, said = false): Loss | null {
  switch (typeof value) {
    case 'function':
    case 'symbol':
      return loss(`a ${typeof value} cannot be stored`);
    case 'number':
      return Number.isFinite(value) ? null : loss(`${String(value)} would become null`);
    case 'undefined':
      return said ? loss('its toJSON returns nothing that can be stored') : null;
    case 'object':
      return value === null ? null : lossInObject(value, depth, said);
    default:
      return null;
  }
}

function lossInObject(value: object, depth: number, said: boolean): Loss | null {
  if (depth > MAX_DEPTH) return loss(TOO_DEEP);
  if (!said && saysItself(value)) {
    const reason = lossOfSaid(value);
    if (reason !== null) return loss(reason);
    return isKnownText(value) ? null : lossIn(value.toJSON(''), depth + 1, true);
  }
  const reason = lossOfUnasked(value);
  if (reason !== null) return loss(said ? `its toJSON returned what cannot be stored: ${reason}` : reason);
  return Array.isArray(value) ? lossInItems(value, depth + 1) : lossInMembers(value, depth + 1);
}

function lossInItems(items: readonly unknown[], depth: number): Loss | null {
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index];
    const found = item === undefined ? loss(UNDEFINED_ITEM) : lossIn(item, depth);
    if (found !== null) return inside(String(index), found);
  }
  return null;
}

function lossInMembers(value: object, depth: number): Loss | null {
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    const found = lossIn(Reflect.get(value, key), depth);
    if (found !== null) return inside(key, found);
  }
  return null;
}

const UNDEFINED_ITEM = 'undefined in a list would become null (put null there, or leave it out)';

const loss = (reason: string): Loss => ({ reason, path: [] });

const inside = (key: string, { reason, path }: Loss): Loss => ({ reason, path: [key, ...path] });

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
  if (isThenable(value)) return 'a promise is no value: await it first';
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
function saysItself(value: object): value is { toJSON(key: string): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** Whether a `toJSON` is known to return a string: these common ones need not be called a second time. */
function isKnownText({ toJSON }: { toJSON: unknown }): boolean {
  return toJSON === Date.prototype.toJSON || toJSON === URL.prototype.toJSON;
}
