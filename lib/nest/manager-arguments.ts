import { withoutText } from '../options/read-option.js';
import { SessionValueError } from '../session.errors.js';
import { isPlainValues } from '../state/values.js';
import { propertyOf } from '../state/property-of.js';

/**
 * The raw id that a method of SessionManager was given.
 *
 * @throws SessionValueError if it is not a string, or empty
 */
export function givenId(method: string, id: unknown): string {
  if (typeof id === 'string' && id !== '') return id;
  throw new SessionValueError(
    `SessionManager.${method} got ${withoutText(id)} for an id; it takes the raw id of a session (session.id).`,
  );
}

/**
 * The handle that `end` was given. It comes from a visitor's form, so an invalid one is answered with 400.
 *
 * @throws SessionValueError if it is not a string, or empty
 */
export function givenHandle(handle: unknown): string {
  if (typeof handle === 'string' && handle !== '') return handle;
  throw new SessionValueError(
    `SessionManager.end got ${withoutText(handle)} for a handle; it takes one that list gave, or session.handle.`,
    { isKey: true },
  );
}

/**
 * The handle of the session that `endAll` leaves; null for none.
 *
 * @throws SessionValueError if the options are invalid or name no session: otherwise all would end, including
 * the caller's
 */
export function exceptedHandle(options: unknown): string | null {
  if (!isPlainValues(options)) throw endAllRefuses(`${withoutText(options)} as its options`);
  const stray = Object.keys(options).find((name) => name !== 'except');
  if (stray !== undefined) throw endAllRefuses(`the option '${stray}'`);
  const { except } = options;
  if (except === undefined) return null;
  const handle = propertyOf(except, 'handle');
  if (typeof handle !== 'string') throw endAllRefuses(`${withoutText(except)} as 'except'`);
  return handle;
}

function endAllRefuses(got: string): SessionValueError {
  return new SessionValueError(
    `SessionManager.endAll got ${got}; it takes { except: session }, a session that goes on, or nothing.`,
  );
}
