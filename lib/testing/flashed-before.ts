import { InvalidFormException } from '../forms/invalid-form.exception.js';
import { BAGS } from '../session/form-bags.js';
import type { Values } from '../state/values.js';

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
