import { SessionValueError } from '../session.errors.js';
import { ownText } from './own-text.js';
import { isObject } from './values.js';

/** A value to keep. A text may be cut from a request, and what is stored may be remembered for longer than that. */
export function ownValue(value: unknown): unknown {
  return typeof value === 'string' ? ownText(value) : value;
}

/** @throws SessionValueError where `update` got no function */
export function assertUpdater(updater: unknown): void {
  if (typeof updater === 'function') return;
  throw new SessionValueError(
    `update got a value of type ${typeof updater} in place of a function; it takes a key and a function that makes the new value of the current one. To store a value, use put.`,
  );
}

/** @throws SessionValueError where a method got no object of values */
export function assertValues(method: string, values: unknown): void {
  if (isObject(values)) return;
  throw new SessionValueError(
    `${method} takes an object with the new values by their keys, such as { cart: [] }.`,
  );
}
