import { SessionValueError } from '../session.errors.js';
import type { Payload, SessionSerializer } from './payload.js';

/**
 * The text of a payload.
 *
 * @throws SessionValueError naming the key, where a value cannot be stored without loss: what the serializer itself
 * refuses (with JSON a cycle or a BigInt), and what JSON would drop or change without a word (a function, a symbol,
 * NaN, an infinite number, a Map, a Set)
 */
export function serialize(payload: Payload, serializer: SessionSerializer): string {
  let text: string;
  try {
    text = serializer.stringify(payload);
  } catch (cause) {
    throw unstorable(culpritOf(payload, serializer), reasonOf(cause), cause);
  }
  // Other serializers know what to do with a Map or a BigInt; what JSON does with them is a loss.
  if (serializer === JSON) assertLossless(payload);
  return text;
}

function assertLossless(payload: Payload): void {
  // Looking costs little; saying where costs more, and is done only when there is something to say.
  if (
    isLossless(payload.d) &&
    (payload.f === undefined || payload.f.every(([, messages]) => isLossless(messages)))
  ) {
    return;
  }
  for (const group of [payload.d, ...(payload.f ?? []).map(([, messages]) => messages)]) {
    for (const [key, value] of Object.entries(group)) explainLoss(value, key);
  }
}

/** JSON has been through the value already: it has no cycle. */
function isLossless(value: unknown): boolean {
  switch (typeof value) {
    case 'function':
    case 'symbol':
      return false;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      return value === null || isLosslessObject(value);
    default:
      return true;
  }
}

function isLosslessObject(value: object): boolean {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) if (!isLossless(value[index])) return false;
    return true;
  }
  // JSON asks the object itself, and what it answers is its own business.
  if ('toJSON' in value) return true;
  if (value instanceof Map || value instanceof Set) return false;
  for (const key in value)
    if (Object.hasOwn(value, key) && !isLossless(Reflect.get(value, key))) return false;
  return true;
}

/** @throws SessionValueError at the first place that loses something */
function explainLoss(value: unknown, path: string): void {
  if (isLossless(value)) return;
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw unstorable(path, `a ${typeof value} cannot be stored`);
  }
  if (typeof value === 'number') throw unstorable(path, `${String(value)} would become null`);
  if (value instanceof Map || value instanceof Set) {
    throw unstorable(
      path,
      `a ${value.constructor.name} would become {} (give the option 'serializer' one that knows it, such as superjson)`,
    );
  }
  for (const [key, member] of Object.entries(value ?? {})) explainLoss(member, `${path}.${key}`);
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
  if (/bigint/i.test(text)) return 'it is or contains a BigInt';
  return 'the serializer refused it (see cause)';
}

function unstorable(path: string, reason: string, cause?: unknown): SessionValueError {
  return new SessionValueError(
    `The session's value at "${path}" cannot be stored: ${reason}. Nothing of this commit was stored.`,
    { atCommit: true, cause },
  );
}
