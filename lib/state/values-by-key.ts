import { SessionValueError } from '../session.errors.js';
import { lossOfEntries } from './json-loss.js';
import { type Values, assertKey, isObject } from './values.js';

/**
 * Checks an object of values by key that a method was given: a plain object, or an instance of a class with
 * properties (which a pipe makes of a body). An object that keeps its content elsewhere (a Map, FormData, a
 * promise) would silently store nothing.
 *
 * All keys are checked, and all getters run, before the first value is written: a call that fails changes
 * nothing.
 *
 * @param method the method, named in the error
 * @returns a copy
 * @throws SessionValueError if part of the content is not in properties with string keys, or a key is invalid
 */
export function valuesByKey(method: string, given: unknown): Values {
  const loss = isObject(given) ? lossOfEntries(given) : '';
  if (isObject(given) && loss === null) {
    const values = { ...given };
    Object.keys(values).forEach(assertKey);
    return values;
  }
  throw new SessionValueError(
    `${method} takes an object with the new values by their keys, such as { cart: [] }${loss ? `; ${loss}` : ''}.`,
  );
}
