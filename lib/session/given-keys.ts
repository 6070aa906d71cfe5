import { SessionValueError } from '../session.errors.js';
import { assertKey } from '../state/values.js';

/** Keys as a method takes them: one, several, a list, or lists. */
export type GivenKeys = readonly (string | readonly string[])[];

/**
 * All keys that a method was given, as one list: nothing is passed over.
 *
 * @throws SessionValueError where something is no key, or nothing was given at all
 */
export function givenKeys(method: string, given: readonly unknown[]): readonly string[] {
  if (given.length === 0) {
    throw new SessionValueError(`${method} got no key. It takes one, several, or a list of them.`, {
      isKey: true,
    });
  }
  const keys: unknown[] = given.flat(1);
  return keys.map((key) => {
    assertKey(key);
    return key;
  });
}
