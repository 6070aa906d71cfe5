import { InvalidFormException } from '../forms/invalid-form.exception.js';
import { withoutText } from '../options/read-option.js';
import { BAGS } from '../session/form-bags.js';
import { SessionValueError } from '../session.errors.js';
import { isOpaque } from '../state/object-kinds.js';
import { type Values, isObject } from '../state/values.js';

/**
 * What the previous request has left for the next page.
 *
 * @example
 * const before: FlashedBefore = { flash: { status: 'Saved.' }, errors: { email: 'Taken.' }, old: { email: 'ann' } };
 * const session = fakeSession({}, before);
 */
export interface FlashedBefore {
  /** Its flash messages. Default none. */
  readonly flash?: Readonly<Values>;
  /**
   * The errors of its form, as FormErrorsFilter passes them to the page: by field, '' for the form as a whole.
   * Default none.
   */
  readonly errors?: Readonly<Record<string, string | readonly string[]>>;
  /** The input of its form, as FormErrorsFilter keeps it: `old('email')`. Default none. */
  readonly old?: Readonly<Values>;
}

/** Everything as messages. */
export function messagesOf({ flash = {}, errors, old }: FlashedBefore): Values {
  return {
    ...flash,
    ...(errors === undefined ? {} : { [BAGS.errors]: new InvalidFormException(errors).errors }),
    ...(old === undefined ? {} : { [BAGS.old]: old }),
  };
}

/**
 * Checks what the previous request is said to have left: a text instead of messages would otherwise be taken
 * apart, and the test would be of a page without any.
 *
 * @param caller the function that was given it, named in the error
 * @throws SessionValueError
 */
export function assertBefore(caller: string, { flash, errors, old }: FlashedBefore): void {
  if (flash !== undefined) assertByName(caller, 'flash', flash, 'an object of messages by their keys');
  if (old !== undefined) assertByName(caller, 'old', old, 'an object of input by field');
  if (errors !== undefined) assertErrors(caller, errors);
}

function assertErrors(caller: string, errors: unknown): void {
  const takes = "an object of texts, or lists of texts, by field ('' for the form as a whole)";
  assertByName(caller, 'errors', errors, takes);
  for (const [field, given] of Object.entries(errors))
    if (![given].flat().every((message: unknown) => typeof message === 'string'))
      throw refused(caller, 'errors', `${withoutText(given)} for '${field}'`, takes);
}

function assertByName(
  caller: string,
  name: keyof FlashedBefore,
  given: unknown,
  takes: string,
): asserts given is Values {
  if (!isObject(given) || isOpaque(given)) throw refused(caller, name, withoutText(given), takes);
}

function refused(caller: string, name: string, got: string, takes: string): SessionValueError {
  return new SessionValueError(`${caller} got ${got} as '${name}'; it takes ${takes}.`);
}
