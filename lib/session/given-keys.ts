import { SessionValueError } from '../session.errors.js';
import { assertKey } from '../state/values.js';

/** Keys as methods take them: one, several, a list, or lists, but at least one. */
export type GivenKeys = readonly [Keys, ...Keys[]];

type Keys = string | readonly string[];

/** Appended to the error of a method that got no key: what to call if all were meant. */
const FOR_ALL: Readonly<Record<string, string>> = {
  keep: ' For all messages there is reflash().',
  flashOnly: ' For the whole form there is flashAll().',
  flashExcept: ' For the whole form there is flashAll().',
};

/**
 * All keys that a method was given, as one list; none is skipped.
 *
 * @throws SessionValueError if an argument is not a key, or no key is given
 */
export function givenKeys(method: string, given: readonly unknown[]): readonly string[] {
  if (given.length === 0) {
    throw new SessionValueError(
      `${method} got no key. It takes one, several, or a list of them.${FOR_ALL[method] ?? ''}`,
      { isKey: true },
    );
  }
  const keys: unknown[] = given.flat(1);
  return keys.map((key) => {
    assertKey(key);
    return key;
  });
}
