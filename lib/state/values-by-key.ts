import { SessionValueError } from '../session.errors.js';
import { lossOfEntries } from './json-loss.js';
import { type Values, isObject } from './values.js';

/**
 * Checks an object of values by key that a method was given: a plain object, or an instance of a class with
 * properties (which a pipe makes of a body). An object that keeps its content elsewhere (a Map, FormData, a
 * promise) would silently store nothing.
 *
 * @param method the method, named in the error
 * @throws SessionValueError if part of the content is not in properties with string keys
 */
export function valuesByKey(method: string, given: unknown): Values {
  const loss = isObject(given) ? lossOfEntries(given) : '';
  if (isObject(given) && loss === null) return given;
  throw new SessionValueError(
    `${method} takes an object with the new values by their keys, such as { cart: [] }${loss ? `; ${loss}` : ''}.`,
  );
}
