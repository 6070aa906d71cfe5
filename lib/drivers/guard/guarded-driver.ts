import { SessionStoreError } from '../../session.errors.js';
import type { RecordDriver, SessionRecord } from '../driver.js';
import type { StoreGuard } from './store-guard.js';
import type { StoreUse } from './store-health.js';
import { isObject } from '../../state/values.js';

/** What is not asked for a request. All else that a driver has is a call on the record of an id, which it takes first. */
const NOT_FOR_REQUESTS: ReadonlySet<PropertyKey> = new Set([
  'open',
  'close',
  'collectGarbage',
  'serverOf',
  'stalled',
]);

/** The methods that answer true or false. */
const ANSWERED_BY_BOOLEAN: ReadonlySet<string> = new Set(['write', 'touch', 'destroyVersion']);

/** What calls are for, where they do not write. */
const USES: Readonly<Record<string, StoreUse>> = {
  read: 'reading',
  listByUser: 'reading',
  destroy: 'removing',
  destroyVersion: 'removing',
};

/**
 * A driver whose calls all go through a guard, those that only some drivers have included, and whose answers are checked.
 *
 * @param guard shared by all drivers of one store
 */
export function guardedDriver<D extends RecordDriver>(driver: D, guard: StoreGuard): D {
  return new Proxy(driver, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (NOT_FOR_REQUESTS.has(name))
        return (...given: unknown[]): unknown => Reflect.apply(member, target, given);
      const use = USES[String(name)] ?? 'writing';
      const judge = (answer: unknown): unknown => answerOf(guard.name, String(name), answer);
      return (id: string, ...given: unknown[]): Promise<unknown> =>
        guard.run(use, id, target, () => Reflect.apply(member, target, [id, ...given]), judge);
    },
  });
}

/**
 * The record that a driver answered with, if it is one: a driver of the application's own may be plain JavaScript.
 * Undefined counts as null: a driver may hand on what `Map.get` returns.
 *
 * @param driver its name, for the message
 * @param method the one that was called
 * @throws SessionStoreError that names both and the kind of what was returned, and shows nothing of it
 */
export function recordAnswered<T>(driver: string, method: string, answer: T): T | null {
  if (answer === undefined || answer === null) return null;
  if (isRecord(answer)) return answer;
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
function answerOf(driver: string, method: string, answer: unknown): unknown {
  if (method === 'read') return recordAnswered(driver, method, answer);
  if (method === 'listByUser' && !isPage(answer))
    throw wrongAnswer(
      driver,
      method,
      answer,
      '{ records, cursor }: records with their ids, and text or null',
    );
  if (!ANSWERED_BY_BOOLEAN.has(method) || typeof answer === 'boolean') return answer;
  throw wrongAnswer(driver, method, answer, 'true or false');
}

function wrongAnswer(driver: string, method: string, answer: unknown, returns: string): SessionStoreError {
  return new SessionStoreError(
    `The session driver "${driver}" is wrong: ${method}() returned ${kindOf(answer)}; it returns ${returns}.`,
  );
}

/** A cursor that is neither would begin the list anew for ever. */
function isPage(answer: unknown): boolean {
  if (!isObject(answer)) return false;
  const { records, cursor } = answer;
  return Array.isArray(records) && records.every(isListed) && (cursor === null || typeof cursor === 'string');
}

function isListed(record: unknown): boolean {
  return isRecord(record) && typeof record['id'] === 'string';
}

function isRecord(answer: unknown): answer is Record<string, unknown> {
  if (!isObject(answer)) return false;
  const typeOf = (field: keyof SessionRecord): string => typeof Reflect.get(answer, field);
  return typeOf('payload') === 'string' && typeOf('version') === 'number' && typeOf('expiresAt') === 'number';
}

function kindOf(answer: unknown): string {
  if (answer === undefined || answer === null) return String(answer);
  return typeof answer === 'object' ? 'an object of another kind' : `a value of type ${typeof answer}`;
}
