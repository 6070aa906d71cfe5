import { SessionValueError } from '../session.errors.js';
import type { Payload, SessionSerializer } from './payload.js';
import { shownKey } from './shown-key.js';
import { MAX_DEPTH } from './values.js';

/**
 * The text of a payload.
 *
 * @throws SessionValueError naming the key, where a value cannot be stored without loss: what the serializer itself
 * refuses (with JSON a cycle or a BigInt), what JSON would drop or change without a word (a function, a symbol, NaN, an
 * infinite number, a Map, a Set), and what is nested so deep that reading it would be a danger
 * @param plain whether all that is new since the payload was loaded is known to be plain: then nothing has to be looked at
 */
export function serialize(payload: Payload, serializer: SessionSerializer, plain = false): string {
  let text: string;
  try {
    text = serializer.stringify(payload);
  } catch (cause) {
    throw unstorable(culpritOf(payload, serializer), reasonOf(cause), cause);
  }
  // Other serializers know what to do with a Map or a BigInt; what JSON does with them is a loss.
  if (serializer === JSON && !plain) assertLossless(payload);
  return text;
}

/** Whether a value is one that JSON brings back as it was. Objects are not looked into: they are not plain here. */
export function isPlainValue(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return true;
    case 'number':
      return Number.isFinite(value);
    default:
      return value === null;
  }
}

function assertLossless(payload: Payload): void {
  // Looking costs little; saying where costs more, and is done only when there is something to say.
  if (
    isLossless(payload.d, 0) &&
    (payload.f === undefined || payload.f.every(([, messages]) => isLossless(messages, 0)))
  ) {
    return;
  }
  for (const group of [payload.d, ...(payload.f ?? []).map(([, messages]) => messages)]) {
    for (const [key, value] of Object.entries(group)) explainLoss(value, key, 1);
  }
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
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) if (!isLossless(value[index], depth)) return false;
    return true;
  }
  // JSON asks the object itself, and what it answers is its own business.
  if ('toJSON' in value) return true;
  if (isUnknownToJson(value)) return false;
  for (const key in value)
    if (Object.hasOwn(value, key) && !isLossless(Reflect.get(value, key), depth)) return false;
  return true;
}

/** What JSON turns into `{}` or the like without a word. Plain objects, nearly all there are, are found out first. */
function isUnknownToJson(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return false;
  return ArrayBuffer.isView(value) || UNKNOWN_TO_JSON.some((kind) => value instanceof kind);
}

const UNKNOWN_TO_JSON = [Map, Set, WeakMap, WeakSet, RegExp, Error, Promise, ArrayBuffer];

/** @throws SessionValueError at the first place that loses something */
function explainLoss(value: unknown, path: string, depth: number): void {
  if (isLossless(value, depth)) return;
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw unstorable(path, `a ${typeof value} cannot be stored`);
  }
  if (typeof value === 'number') throw unstorable(path, `${String(value)} would become null`);
  if (typeof value === 'object' && value !== null && isUnknownToJson(value)) {
    throw unstorable(
      path,
      `a ${value.constructor.name} would become a plain object (give the option 'serializer' one that knows it, such as superjson)`,
    );
  }
  if (depth > MAX_DEPTH) throw unstorable(path, TOO_DEEP);
  for (const [key, member] of Object.entries(value ?? {})) explainLoss(member, `${path}.${key}`, depth + 1);
}

/** The first top-level key that the serializer refuses by itself. */
function culpritOf(payload: Payload, serializer: SessionSerializer): string {
  const groups = [payload.d, ...(payload.f ?? []).map(([, messages]) => messages)];
  for (const group of groups) {
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
