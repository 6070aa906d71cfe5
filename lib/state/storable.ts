import { SessionValueError } from '../session.errors.js';
import type { Payload, SessionSerializer } from './payload.js';
import { writtenBy } from './serializer-answers.js';
import { shownKey } from './shown-key.js';
import { MAX_DEPTH, type Values, isPlain } from './values.js';

/**
 * The text of a payload.
 *
 * @throws SessionValueError naming the key, where a value cannot be stored without loss: what the serializer itself
 * refuses (with JSON a cycle or a BigInt), what JSON would drop or change without a word (a function, a symbol, NaN, an
 * infinite number, an invalid Date, a Map, a Buffer, Headers, a list with holes or with undefined in it, a key that is a symbol;
 * also where a `toJSON` returns it), and what is nested so deep that reading it would be a danger
 * @param plain whether all that is new since the payload was loaded is known to be plain: then nothing has to be looked at
 */
export function serialize(payload: Payload, serializer: SessionSerializer, plain = false): string {
  try {
    const text = writtenBy(serializer, payload);
    // Other serializers know what to do with a Map or a BigInt; what JSON does with them is a loss.
    if (serializer === JSON && !plain) assertLossless(payload);
    return text;
  } catch (cause) {
    if (cause instanceof SessionValueError) throw cause;
    throw unstorable(culpritOf(payload, serializer), reasonOf(cause), cause);
  }
}

/**
 * Whether a value is one that JSON brings back as it was, wherever it stands. Objects are not looked into, and undefined
 * depends on where it stands: neither is plain here.
 */
export function isPlainValue(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    default:
      return value === null;
  }
}

function assertLossless(payload: Payload): void {
  const groups = groupsOf(payload);
  // Looking costs little; saying where costs more, and is done only when there is something to say.
  if (groups.every((group) => isLossless(group, 0))) return;
  for (const group of groups) {
    for (const [key, value] of Object.entries(group)) explainLoss(value, key, 1);
  }
  throw unstorable(WHOLE, 'something in it is another value each time that it is read');
}

/** All that an application or a visitor put into a payload. */
function groupsOf({ d, f = [] }: Payload): Values[] {
  return [d, ...f.flatMap(([, messages, fields = {}]) => [messages, fields])];
}

/**
 * JSON has been through the value already: it has no cycle.
 *
 * @param said whether it is what a `toJSON` returned: JSON writes that as it is, and does not ask it once more
 */
function isLossless(value: unknown, depth: number, said = false): boolean {
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

/** What JSON would do to an object without a word, its members apart. Null where it does nothing. */
function lossOf(value: object, said: boolean): string | null {
  return !said && saysItself(value) ? lossOfSaid(value) : lossOfUnasked(value);
}

function lossOfUnasked(value: object): string | null {
  if (Array.isArray(value)) return lossOfList(value);
  // Plain objects, nearly all there are, are found out first.
  if (Object.getPrototypeOf(value) === Object.prototype || isPlain(value)) return lossOfSymbols(value);
  if (Object.prototype.toString.call(value) === '[object Number]' && !Number.isFinite(Number(value)))
    return `${String(Number(value))} would become null`;
  return isUnknownToJson(value) ? wouldBePlain(value) : null;
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

/** Of instances of classes that is nobody's data, but how they work inside. */
function lossOfSymbols(value: object): string | null {
  const symbols = Object.getOwnPropertySymbols(value);
  if (symbols.length === 0) return null;
  const lost = symbols.some((key) => Object.prototype.propertyIsEnumerable.call(value, key));
  return lost ? 'an object with a symbol for a key would lose what is under it' : null;
}

/** JSON asks such an object itself, and writes what it answers. */
function saysItself(value: object): value is { toJSON(key: string): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** Whether it is known without asking that what an object says of itself is text: the usual ones, which would be asked twice. */
function isKnownText({ toJSON }: { toJSON: unknown }): boolean {
  return toJSON === Date.prototype.toJSON || toJSON === URL.prototype.toJSON;
}

/** What JSON turns into `{}` or the like. */
function isUnknownToJson(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    UNKNOWN_TO_JSON.some((kind) => value instanceof kind) ||
    isOfPlatform(value) ||
    isShell(value)
  );
}

/** Those of the language that do not name their kind by a `Symbol.toStringTag`. */
const UNKNOWN_TO_JSON = [Date, RegExp, Error];

/**
 * Whether an object is one of the platform's that keeps what it holds where nobody sees it (a Map, Headers,
 * URLSearchParams, a Blob), or of a class made from one; whatever else was put on it. Boxed texts, numbers and truth values
 * JSON knows; they have no such name.
 */
function isOfPlatform(value: object): boolean {
  for (
    let next: object | null = Object.getPrototypeOf(value);
    next !== null;
    next = Object.getPrototypeOf(next)
  ) {
    if (Object.hasOwn(next, Symbol.toStringTag) && globalPrototypeOf(next) === next) return true;
  }
  return false;
}

/** The prototype of the global class whose name a prototype bears as its tag. */
function globalPrototypeOf(prototype: object): unknown {
  const tag: unknown = Reflect.get(prototype, Symbol.toStringTag, prototype);
  const named: unknown = typeof tag === 'string' ? Reflect.get(globalThis, tag) : undefined;
  return typeof named === 'function' ? named.prototype : undefined;
}

/** Whether an object names its kind and has no properties: an iterator, or what another realm or Node keeps to itself. */
function isShell(value: object): boolean {
  return !KNOWN_TAGS.has(Object.prototype.toString.call(value)) && Object.keys(value).length === 0;
}

const KNOWN_TAGS: ReadonlySet<string> = new Set([
  '[object Object]',
  '[object String]',
  '[object Number]',
  '[object Boolean]',
]);

/** @throws SessionValueError at the first place that loses something */
function explainLoss(value: unknown, path: string, depth: number, said = false): void {
  if (isLossless(value, depth, said)) return;
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw unstorable(path, `a ${typeof value} cannot be stored`);
  }
  if (typeof value === 'number') throw unstorable(path, `${String(value)} would become null`);
  if (typeof value !== 'object' || value === null)
    throw unstorable(path, 'its toJSON returns nothing that can be stored');
  const loss = lossOf(value, said);
  if (loss !== null)
    throw unstorable(path, said ? `its toJSON returned what cannot be stored: ${loss}` : loss);
  if (depth > MAX_DEPTH) throw unstorable(path, TOO_DEEP);
  if (!said && saysItself(value)) return explainLoss(value.toJSON(''), path, depth + 1, true);
  for (const [key, member] of Object.entries(value)) {
    const at = `${path}.${key}`;
    if (member === undefined && Array.isArray(value)) {
      throw unstorable(at, 'undefined in a list would become null (put null there, or leave it out)');
    }
    explainLoss(member, at, depth + 1);
  }
}

/** The first top-level key that the serializer refuses by itself. */
function culpritOf(payload: Payload, serializer: SessionSerializer): string {
  for (const group of groupsOf(payload)) {
    for (const [key, value] of Object.entries(group)) {
      try {
        serializer.stringify(value);
      } catch {
        // This is the one: the error itself is already at hand.
        return key;
      }
    }
  }
  return WHOLE;
}

/** A serializer's message may quote the value; only what is known to be harmless is passed on. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : '';
  if (/circular/i.test(text)) return 'it contains itself (a cycle)';
  if (cause instanceof RangeError) return TOO_DEEP;
  if (/bigint/i.test(text)) return 'it is or contains a BigInt';
  return 'the serializer refused it (see cause)';
}

const WHOLE = '(the session as a whole)';

const TOO_DEEP = `it is nested more than ${MAX_DEPTH} levels deep`;

function unstorable(path: string, reason: string, cause?: unknown): SessionValueError {
  return new SessionValueError(
    `The session's value at "${shownKey(path)}" cannot be stored: ${reason}. Nothing of this commit was stored.`,
    { atCommit: true, cause },
  );
}
