import { SessionValueError } from '../session.errors.js';
import { isLossless, lossOf, saysItself } from './json-loss.js';
import type { Payload, SessionSerializer } from './payload.js';
import { writtenBy } from './serializer-answers.js';
import { shownKey } from './shown-key.js';
import { MAX_DEPTH, type Values } from './values.js';

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
