import { SessionValueError } from '../session.errors.js';
import { lossOfEntries } from './json-loss.js';
import { type Values, assertKey, isObject } from './values.js';

/**
 * Checks an object of values by key that a method was given: a plain object, or an instance of a class with
 * properties (which a pipe makes of a body). An object that keeps its content elsewhere (a Map, FormData, a
 * promise) would silently store nothing.
 *
 * All keys are checked before the first value is written, so that a refused call changes nothing.
 *
 * @param method the method, named in the error
 * @throws SessionValueError if part of the content is not in properties with string keys, or a key is invalid
 */
export function valuesByKey(method: string, given: unknown): Values {
  const loss = isObject(given) ? lossOfEntries(given) : '';
  if (isObject(given) && loss === null) {
    Object.keys(given).forEach(assertKey);
    return given;
  }
  throw new SessionValueError(
    `${method} takes an object with the new values by their keys, such as { cart: [] }${loss ? `; ${loss}` : ''}.`,
  );
}
