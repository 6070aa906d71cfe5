import { SessionValueError } from '../session.errors.js';
import type { SessionSerializer } from './payload.js';

/** Serializers that have read what they wrote. JSON does. */
const proven = new WeakSet<SessionSerializer>([JSON]);

/**
 * What a serializer makes of a payload. It may be plain JavaScript, and what it returns instead of text must not be
 * stored: the session would be lost with it.
 *
 * @throws SessionValueError where it returns no text, or cannot read what it has written (looked at until it has done so
 * once); and whatever it throws itself
 */
export function writtenBy(serializer: SessionSerializer, payload: object): string {
  const text: unknown = serializer.stringify(payload);
  if (typeof text !== 'string') throw wrongAnswer('stringify', text, 'the text itself');
  if (!proven.has(serializer)) {
    const read = readBy(serializer, text);
    if (typeof read !== 'object' || read === null) throw wrongAnswer('parse', read, WHAT_PARSE_RETURNS);
    proven.add(serializer);
  }
  return text;
}

/**
 * What a serializer reads in a text; anything, where the text is none of its own.
 *
 * @throws SessionValueError where it returns a promise; and whatever it throws itself
 */
export function readBy(serializer: SessionSerializer, text: string): unknown {
  const read = serializer.parse(text);
  if (isThenable(read)) throw wrongAnswer('parse', read, WHAT_PARSE_RETURNS);
  return read;
}

const WHAT_PARSE_RETURNS = 'the value itself that stringify was given';

/** Whether a value can be awaited: queries of database clients can, without being a Promise. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function wrongAnswer(method: 'stringify' | 'parse', answer: unknown, takes: string): SessionValueError {
  // Nobody waits for it: its failure would end the process.
  if (isThenable(answer)) answer.then(undefined, () => undefined);
  const got = isThenable(answer)
    ? 'a promise'
    : answer === undefined || answer === null
      ? String(answer)
      : `a value of type ${typeof answer}`;
  return new SessionValueError(
    `The serializer's ${method} returned ${got}. The option 'serializer' takes an object whose ${method} returns ${takes}, and no promise.`,
    { atCommit: true },
  );
}
