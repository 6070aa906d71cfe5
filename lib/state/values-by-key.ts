import { SessionValueError } from '../session.errors.js';
import { lossOfEntries } from './json-loss.js';
import { type Values, isObject } from './values.js';

/**
 * Values by their keys, as a method is given them: a plain object, or an instance of a class with properties (what a pipe
 * makes of a body). What keeps its content elsewhere (a Map, FormData, a promise) would store nothing without a word.
 *
 * @param method that was given them
 * @throws SessionValueError where some of the content is not under the keys
 */
export function valuesByKey(method: string, given: unknown): Values {
  const loss = isObject(given) ? lossOfEntries(given) : '';
  if (isObject(given) && loss === null) return given;
  throw new SessionValueError(
    `${method} takes an object with the new values by their keys, such as { cart: [] }${loss ? `; ${loss}` : ''}.`,
  );
}
