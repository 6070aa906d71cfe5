import { SessionStoreError } from '../../session.errors.js';

/**
 * The record that a driver answered with, if it is one: a driver of the application's own may be plain JavaScript.
 * Undefined counts as null: a driver may hand on what `Map.get` returns.
 *
 * @param driver its name, for the message
 * @param method the one that was called
 * @throws SessionStoreError that names both and the kind of what was returned, and shows nothing of it
 */
export function recordAnswered<T>(driver: string, method: string, answer: T): T | null {
  if (answer === undefined || isRecordOrNull(answer)) return answer ?? null;
  throw wrongAnswer(
    driver,
    method,
    answer,
    'null or a record, whose payload is text, and whose version and expiresAt are numbers',
  );
}

/**
 * What a method of a record driver answered, if it is an answer.
 *
 * @throws SessionStoreError as `recordAnswered` does
 */
export function answerOf(driver: string, method: string, answer: unknown): unknown {
  if (method === 'read') return recordAnswered(driver, method, answer);
  if (!SAYING_WHETHER.has(method) || typeof answer === 'boolean') return answer;
  throw wrongAnswer(driver, method, answer, 'true or false');
}

const SAYING_WHETHER: ReadonlySet<string> = new Set(['write', 'touch', 'destroyVersion']);

function wrongAnswer(driver: string, method: string, answer: unknown, returns: string): SessionStoreError {
  return new SessionStoreError(
    `The session driver "${driver}" is wrong: ${method}() returned ${kindOf(answer)}; it returns ${returns}.`,
  );
}

function isRecordOrNull(answer: unknown): boolean {
  if (answer === null) return true;
  if (typeof answer !== 'object') return false;
  return (
    'payload' in answer &&
    typeof answer.payload === 'string' &&
    'version' in answer &&
    typeof answer.version === 'number' &&
    'expiresAt' in answer &&
    typeof answer.expiresAt === 'number'
  );
}

function kindOf(answer: unknown): string {
  if (answer === undefined || answer === null) return String(answer);
  return typeof answer === 'object' ? 'an object of another kind' : `a value of type ${typeof answer}`;
}
