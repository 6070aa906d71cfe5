import { SessionValueError } from '../session.errors.js';
import { isThenable } from './is-thenable.js';
import type { SessionSerializer } from './payload.js';
import { isObject } from './values.js';

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
  const got = isThenable(answer)
    ? 'a promise'
    : answer === undefined || answer === null
      ? String(answer)
      : method === 'parse' && typeof answer === 'object'
        ? Array.isArray(answer)
          ? 'a list'
          : 'something else than stringify was given'
        : `a value of type ${typeof answer}`;
  return new SessionValueError(
    `The serializer's ${method} returned ${got}. The option 'serializer' takes an object whose ${method} returns ${takes}, and no promise.`,
    { atCommit: true },
  );
}
