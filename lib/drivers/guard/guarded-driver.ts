import { SessionStoreError } from '../../session.errors.js';
import { systemClock } from '../clock.js';
import type { SessionRecord, UserRecords } from '../driver.js';
import type { RecordStore } from '../record-store.js';
import type { GuardedStore, StoreGuard } from './store-guard.js';
import { isObject } from '../../state/values.js';
import { propertyOf } from '../../state/property-of.js';

/**
 * The driver methods that sessions use, with each call made through a guard and each answer checked.
 *
 * @param guard shared by all drivers of one store
 */
export function guardedDriver(driver: RecordStore & GuardedStore, guard: StoreGuard): RecordStore {
  const { name } = guard;
  const { destroyVersion, listByUser } = driver;
  // A list may be kept anywhere: `serverOf` is about the records of ids.
  const lists: GuardedStore = { stalled: () => driver.stalled?.() };
  const record = (answer: SessionRecord | null): SessionRecord | null => {
    const found = recordAnswered(name, 'read', answer);
    // The contract forbids an expired one, but a session that has ended must not depend on that.
    return found !== null && isLive(found) ? found : null;
  };
  const [written, touched, destroyed] = [
    booleanAnswered(name, 'write'),
    booleanAnswered(name, 'touch'),
    booleanAnswered(name, 'destroyVersion'),
  ];
  return {
    read: (id) => guard.run('reading', id, driver, () => driver.read(id), record),
    write: (id, next) => guard.run('writing', id, driver, () => driver.write(id, next), written),
    touch: (id, expiresAt) => guard.run('writing', id, driver, () => driver.touch(id, expiresAt), touched),
    destroy: (id) => guard.run('removing', id, driver, () => driver.destroy(id)),
    ...(destroyVersion && {
      destroyVersion: (id, version) =>
        guard.run('removing', id, driver, () => destroyVersion.call(driver, id, version), destroyed),
    }),
    ...(listByUser && {
      listByUser: (userId, cursor) =>
        guard.run(
          'reading',
          userId,
          lists,
          () => listByUser.call(driver, userId, cursor),
          (answer) => {
            const page = pageAnswered(name, answer, cursor);
            return page.records.every(isLive) ? page : { ...page, records: page.records.filter(isLive) };
          },
        ),
    }),
  };
}

/**
 * Checks that a driver answered with a record: a driver of the application's own may be plain JavaScript.
 * Undefined counts as null: a driver may pass on what `Map.get` returns.
 *
 * @param driver its name, for the message
 * @param method the method that was called
 * @throws SessionStoreError that names both and the type of the answer, and shows nothing of it
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

function isLive({ expiresAt }: Pick<SessionRecord, 'expiresAt'>): boolean {
  return expiresAt > systemClock.now();
}

function booleanAnswered(driver: string, method: string): (answer: unknown) => boolean {
  return (answer) => {
    if (typeof answer === 'boolean') return answer;
    throw wrongAnswer(driver, method, answer, 'true or false');
  };
}

/** Checks a page. A cursor that is neither text nor null, or the one of this page again, would list forever. */
function pageAnswered(driver: string, answer: UserRecords, cursor: string | null): UserRecords {
  const given: unknown = answer;
  const isPage =
    isObject(given) &&
    Array.isArray(given['records']) &&
    given['records'].every((each) => isRecord(each) && typeof each['id'] === 'string') &&
    (given['cursor'] === null || (typeof given['cursor'] === 'string' && given['cursor'] !== cursor));
  if (isPage) return answer;
  const takes = '{ records, cursor }: records with their ids, and text that no page before had, or null';
  throw wrongAnswer(driver, 'listByUser', answer, takes);
}

/**
 * Checks how many records a driver says it removed. Nothing counts as none.
 *
 * @throws SessionStoreError if it is no whole number from 0 on
 */
export function countAnswered(driver: string, answer: unknown): number {
  if (answer === undefined || answer === null) return 0;
  if (typeof answer === 'number' && Number.isSafeInteger(answer) && answer >= 0) return answer;
  throw wrongAnswer(
    driver,
    'collectGarbage',
    answer,
    'a whole number from 0 on: how many records it removed',
  );
}

function wrongAnswer(driver: string, method: string, answer: unknown, returns: string): SessionStoreError {
  return new SessionStoreError(
    `The session driver "${driver}" is wrong: ${method}() returned ${kindOf(answer)}; it returns ${returns}.`,
  );
}

function isRecord(answer: unknown): answer is Record<string, unknown> {
  const typeOf = (field: keyof SessionRecord): string => typeof propertyOf(answer, field);
  return typeOf('payload') === 'string' && typeOf('version') === 'number' && typeOf('expiresAt') === 'number';
}

function kindOf(answer: unknown): string {
  if (answer === undefined || answer === null) return String(answer);
  return typeof answer === 'object' ? 'an object of another kind' : `a value of type ${typeof answer}`;
}
