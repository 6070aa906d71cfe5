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

/** Whether the default serializer is in use, whose output is known to the letter. */
function assertLossless(payload: Payload): void {
  for (const key in payload.d) lossless(payload.d[key], key);
  for (const [, messages] of payload.f ?? []) {
    for (const key in messages) lossless(messages[key], key);
  }
}

function lossless(value: unknown, path: string): void {
  switch (typeof value) {
    case 'function':
    case 'symbol':
      throw unstorable(path, `a ${typeof value} cannot be stored`);
    case 'number':
      if (!Number.isFinite(value)) throw unstorable(path, `${String(value)} would become null`);
      return;
    case 'object':
      if (value !== null) losslessObject(value, path);
      return;
    default:
  }
}

function losslessObject(value: object, path: string): void {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) lossless(value[index], `${path}.${index}`);
    return;
  }
  if (value instanceof Map || value instanceof Set) {
    throw unstorable(
      path,
      `a ${value.constructor.name} would become {} (give the option 'serializer' one that knows it, such as superjson)`,
    );
  }
  if ('toJSON' in value) return;
  for (const [key, member] of Object.entries(value)) lossless(member, `${path}.${key}`);
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
