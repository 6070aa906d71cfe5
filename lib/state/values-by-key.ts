import { SessionValueError } from '../session.errors.js';
import { lossOfEntries } from './json-loss.js';
import { isOpaque, isPlain } from './object-kinds.js';
import { OwnCopy } from './own-copy.js';
import { type Values, assertKey, isContainer, isObject } from './values.js';

/**
 * Checks an object of values by key that a method was given: a plain object, or an instance of a class with
 * properties (which a pipe makes of a body). An object that keeps its content elsewhere (a Map, FormData, a
 * promise) would silently store nothing.
 *
 * All keys are checked, and all getters run, before the first value is written: a call that fails changes
 * nothing.
 *
 * @param method the method, named in the error
 * @param target where the values will be written by path. Undefined: each key will be taken literally
 * @returns a copy
 * @throws SessionValueError if part of the content is not in properties with string keys, a key is invalid, or
 * nothing can be written at one
 */
export function valuesByKey(method: string, given: unknown, target?: Readonly<Values>): Values {
  const loss = isObject(given) ? lossOfEntries(given) : '';
  if (isObject(given) && loss === null) {
    const values = { ...given };
    Object.keys(values).forEach(assertKey);
    if (target !== undefined) assertWritable(target, Object.entries(values));
    return values;
  }
  throw new SessionValueError(
    `${method} takes an object with the new values by their keys, such as { cart: [] }${loss ? `; ${loss}` : ''}.`,
  );
}

/**
 * Checks that values can be written by path, one after the other. Writes nothing.
 *
 * @throws SessionValueError for the first that cannot: an index that a list does not have, or a Map on the way
 */
export function assertWritable(
  target: Readonly<Values>,
  entries: readonly (readonly [string, unknown])[],
): void {
  if (entries.length < 2 || !entries.some(([path]) => path.includes('.'))) return;
  const trial = new OwnCopy(target);
  for (const [path, value] of entries) if (!leadsIntoInstance(trial.values, path)) trial.write(path, value);
}

/** Whether a path leads into an instance of a class, which is no copy here, and takes any property. */
function leadsIntoInstance(values: Readonly<Values>, path: string): boolean {
  let current: unknown = values;
  for (const segment of path.split('.')) {
    if (!isContainer(current)) return false;
    if (!Array.isArray(current) && !isPlain(current)) return !isOpaque(current);
    current = current[segment];
  }
  return false;
}
