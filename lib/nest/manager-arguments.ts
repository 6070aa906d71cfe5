import { withoutText } from '../options/read-option.js';
import { SessionValueError } from '../session.errors.js';
import { isObject, isPlainValues } from '../state/values.js';

/**
 * The raw id that a method of SessionManager was given.
 *
 * @throws SessionValueError where it is no text, or empty
 */
export function givenId(method: string, id: unknown): string {
  if (typeof id === 'string' && id !== '') return id;
  throw new SessionValueError(
    `SessionManager.${method} got ${withoutText(id)} for an id; it takes the raw id of a session (session.id).`,
  );
}

/**
 * The handle that `end` was given. It comes from a visitor's form, so the answer is 400.
 *
 * @throws SessionValueError where it is no text, or empty
 */
export function givenHandle(handle: unknown): string {
  if (typeof handle === 'string' && handle !== '') return handle;
  throw new SessionValueError(
    `SessionManager.end got ${withoutText(handle)} for a handle; it takes one that list gave, or session.handle.`,
    { isKey: true },
  );
}

/**
 * The handle of the session that `endAll` is to spare; null for none.
 *
 * @throws SessionValueError where the options are none, or name no session: all would end, the one that asks too
 */
export function sparedHandle(options: unknown): string | null {
  if (!isPlainValues(options)) throw spares(`${withoutText(options)} as its options`);
  const { except } = options;
  if (except === undefined) return null;
  const handle = isObject(except) ? except['handle'] : undefined;
  if (typeof handle !== 'string') throw spares(`${withoutText(except)} as 'except'`);
  return handle;
}

function spares(got: string): SessionValueError {
  return new SessionValueError(
    `SessionManager.endAll got ${got}; it takes { except: session }, a session that goes on, or nothing.`,
  );
}
