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
 * infinite number, an invalid Date, a Map, a Buffer, Headers, a list with holes or with undefined in it), and what is nested so deep that reading
 * it would be a danger
 * @param plain whether all that is new since the payload was loaded is known to be plain: then nothing has to be looked at
 */
export function serialize(payload: Payload, serializer: SessionSerializer, plain = false): string {
  let text: string;
  try {
    text = writtenBy(serializer, payload);
  } catch (cause) {
    if (cause instanceof SessionValueError) throw cause;
    throw unstorable(culpritOf(payload, serializer), reasonOf(cause), cause);
  }
  // Other serializers know what to do with a Map or a BigInt; what JSON does with them is a loss.
  if (serializer === JSON && !plain) assertLossless(payload);
  return text;
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
      return Number.isFinite(value);
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
}

/** All that an application or a visitor put into a payload. */
function groupsOf({ d, f = [] }: Payload): Values[] {
  return [d, ...f.flatMap(([, messages, fields = {}]) => [messages, fields])];
}

/** JSON has been through the value already: it has no cycle. */
function isLossless(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'function':
    case 'symbol':
      return false;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      return value === null || (depth <= MAX_DEPTH && isLosslessObject(value, depth + 1));
    default:
      return true;
  }
}

function isLosslessObject(value: object, depth: number): boolean {
  if (lossOf(value) !== null) return false;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      if (value[index] === undefined || !isLossless(value[index], depth)) return false;
    }
    return true;
  }
  // JSON asks the object itself, and what it answers is its own business.
  if (saysItself(value)) return true;
  for (const key in value)
    if (Object.hasOwn(value, key) && !isLossless(Reflect.get(value, key), depth)) return false;
  return true;
}

/** What JSON would do to an object without a word, its members apart. Null where it does nothing. */
function lossOf(value: object): string | null {
  if (Array.isArray(value)) return lossOfList(value);
  // Plain objects, nearly all there are, are found out first.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return null;
  if (value instanceof Date && Number.isNaN(value.getTime())) return 'an invalid Date would become null';
  if (!isUnknownToJson(value)) return null;
  return `a ${value.constructor.name} would become a plain object (give the option 'serializer' one that knows it, such as superjson)`;
}

function lossOfList(list: readonly unknown[]): string | null {
  for (let index = 0; index < list.length; index += 1) {
    if (list[index] === undefined && !(index in list)) return 'a list with holes would have null in them';
  }
  return Object.keys(list).length === list.length ? null : 'a list with named properties would lose them';
}

function saysItself(value: object): boolean {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** What JSON turns into `{}` or the like. */
function isUnknownToJson(value: object): boolean {
  // A Buffer says itself how it is written, but JSON does not bring it back.
  if (ArrayBuffer.isView(value))
    return !saysItself(value) || Reflect.get(value, 'toJSON') === Buffer.prototype.toJSON;
  if (saysItself(value)) return false;
  return UNKNOWN_TO_JSON.some((kind) => value instanceof kind) || isBuiltInShell(value);
}

const UNKNOWN_TO_JSON = [Map, Set, WeakMap, WeakSet, RegExp, Error, Promise, ArrayBuffer];

/**
 * Whether an object is one of the platform's that keeps what it holds where nobody sees it (Headers, URLSearchParams,
 * Blob, FormData, an iterator): it names its kind and has no properties. Boxed texts, numbers and truth values JSON knows.
 */
function isBuiltInShell(value: object): boolean {
  const tag = Object.prototype.toString.call(value);
  return !KNOWN_TAGS.has(tag) && !isPlain(value) && Object.keys(value).length === 0;
}

const KNOWN_TAGS: ReadonlySet<string> = new Set([
  '[object Object]',
  '[object String]',
  '[object Number]',
  '[object Boolean]',
]);

/** @throws SessionValueError at the first place that loses something */
function explainLoss(value: unknown, path: string, depth: number): void {
  if (isLossless(value, depth)) return;
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw unstorable(path, `a ${typeof value} cannot be stored`);
  }
  if (typeof value === 'number') throw unstorable(path, `${String(value)} would become null`);
  const loss = typeof value === 'object' && value !== null ? lossOf(value) : null;
  if (loss !== null) throw unstorable(path, loss);
  if (depth > MAX_DEPTH) throw unstorable(path, TOO_DEEP);
  for (const [key, member] of Object.entries(value ?? {})) {
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
  return '(the session as a whole)';
}

/** A serializer's message may quote the value; only what is known to be harmless is passed on. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : '';
  if (/circular/i.test(text)) return 'it contains itself (a cycle)';
  if (cause instanceof RangeError) return TOO_DEEP;
  if (/bigint/i.test(text)) return 'it is or contains a BigInt';
  return 'the serializer refused it (see cause)';
}

const TOO_DEEP = `it is nested more than ${MAX_DEPTH} levels deep`;

function unstorable(path: string, reason: string, cause?: unknown): SessionValueError {
  return new SessionValueError(
    `The session's value at "${shownKey(path)}" cannot be stored: ${reason}. Nothing of this commit was stored.`,
    { atCommit: true, cause },
  );
}
