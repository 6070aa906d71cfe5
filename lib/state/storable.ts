import { SessionValueError } from '../session.errors.js';
import { TOO_DEEP, lossIn } from './json-loss.js';
import { isThenable } from './is-thenable.js';
import type { Payload, SessionSerializer } from './payload.js';
import { shownKey } from './shown-key.js';
import { type Values, isObject } from './values.js';

/**
 * Serializes a payload.
 *
 * @throws SessionValueError naming the key, if a value cannot be stored without loss: anything that the
 * serializer itself refuses (with JSON a cycle or a BigInt), anything that JSON would silently drop or change
 * (a function, a symbol, NaN, an infinite number, an invalid Date, a Map, a Buffer, Headers, a list with
 * holes or undefined in it, a symbol key; also if a `toJSON` returns it), and anything nested so deep that
 * reading it would be dangerous
 * @param plain whether everything that is new since the payload was loaded is known to be plain, so that no
 * check is needed
 */
export function serialize(payload: Payload, serializer: SessionSerializer, plain = false): string {
  try {
    const text = writtenBy(serializer, payload);
    // Other serializers can handle a Map or a BigInt; JSON loses them.
    if (serializer === JSON && !plain) assertLossless(payload);
    return text;
  } catch (cause) {
    if (cause instanceof SessionValueError) throw cause;
    throw unstorable(culpritOf(payload, serializer), reasonOf(cause), cause);
  }
}

/**
 * Whether JSON restores a value unchanged, wherever it is. Objects are not inspected, and for undefined it
 * depends on the place: neither counts as plain.
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
  for (const group of groupsOf(payload)) {
    const loss = lossIn(group, 0);
    if (loss !== null) throw unstorable(loss.path.length === 0 ? WHOLE : loss.path.join('.'), loss.reason);
  }
}

/** Everything that an application or a visitor put into a payload. */
function groupsOf({ d, f = [] }: Payload): Values[] {
  return [d, ...f.flatMap(([, messages, fields = {}]) => [messages, fields])];
}

/** The first top-level key whose value the serializer refuses on its own. */
function culpritOf(payload: Payload, serializer: SessionSerializer): string {
  for (const group of groupsOf(payload)) {
    for (const [key, value] of Object.entries(group)) {
      try {
        serializer.stringify(value);
      } catch {
        // This is the key. The caller already has the error.
        return key;
      }
    }
  }
  return WHOLE;
}

/** A serializer's message may quote the value, so only known, harmless reasons are passed on. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : '';
  if (/circular/i.test(text)) return 'it contains itself (a cycle)';
  if (cause instanceof RangeError) return TOO_DEEP;
  if (/bigint/i.test(text)) return 'it is or contains a BigInt';
  return 'the serializer refused it (see cause)';
}

const WHOLE = '(the session as a whole)';

function unstorable(path: string, reason: string, cause?: unknown): SessionValueError {
  return new SessionValueError(
    `The session's value at "${shownKey(path)}" cannot be stored: ${reason}. Nothing of this commit was stored.`,
    { atCommit: true, cause },
  );
}

/** Serializers that were seen to read back what they wrote. JSON is known to. */
const proven = new WeakSet<SessionSerializer>([JSON]);

/**
 * Serializes a payload and checks the result. A serializer may be written in plain JavaScript, and storing
 * anything other than text would lose the session.
 *
 * @throws SessionValueError if it returns no text, or cannot read back what it wrote (checked until that has
 * worked once); its own errors are passed on
 */
export function writtenBy(serializer: SessionSerializer, payload: object): string {
  const text: unknown = serializer.stringify(payload);
  if (typeof text !== 'string') throw wrongAnswer('stringify', text, 'the text itself');
  if (!proven.has(serializer)) {
    const read = readBy(serializer, text);
    if (!isReadBack(read, payload)) throw wrongAnswer('parse', read, WHAT_PARSE_RETURNS);
    proven.add(serializer);
  }
  return text;
}

/** Whether a value has the fields of a payload: those that are no objects unchanged, the others as objects. */
function isReadBack(read: unknown, payload: object): boolean {
  return (
    isObject(read) &&
    Object.entries(payload).every(([name, value]: [string, unknown]) =>
      typeof value === 'object' ? typeof read[name] === 'object' : read[name] === value,
    )
  );
}

/**
 * Parses a text with a serializer. The result may be anything if the text is not the serializer's own.
 *
 * @throws SessionValueError if it returns a promise; its own errors are passed on
 */
export function readBy(serializer: SessionSerializer, text: string): unknown {
  const read = serializer.parse(text);
  if (isThenable(read)) throw wrongAnswer('parse', read, WHAT_PARSE_RETURNS);
  return read;
}

const WHAT_PARSE_RETURNS = 'the value itself that stringify was given';

function wrongAnswer(method: 'stringify' | 'parse', answer: unknown, takes: string): SessionValueError {
  // Nobody awaits it, so its rejection would end the process.
  if (isThenable(answer)) answer.then(undefined, () => undefined);
  return new SessionValueError(
    `The serializer's ${method} returned ${shownAnswer(method, answer)}. The option 'serializer' takes an object whose ${method} returns ${takes}, and no promise.`,
    { atCommit: true },
  );
}

function shownAnswer(method: 'stringify' | 'parse', answer: unknown): string {
  if (isThenable(answer)) return 'a promise';
  if (answer === undefined || answer === null) return String(answer);
  if (method === 'stringify' || typeof answer !== 'object') return `a value of type ${typeof answer}`;
  return Array.isArray(answer) ? 'a list' : 'something else than stringify was given';
}
