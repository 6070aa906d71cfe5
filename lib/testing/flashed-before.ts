import { InvalidFormException } from '../forms/invalid-form.exception.js';
import { BAGS } from '../session/form-bags.js';
import type { Values } from '../state/values.js';

/** What the request before has left for the next page. */
export interface FlashedBefore {
  /** Its flash messages. Default none. */
  readonly flash?: Readonly<Values>;
  /** What was wrong with its form, as FormErrorsFilter tells the page: by field, '' for the form as a whole. Default nothing. */
  readonly errors?: Readonly<Record<string, string | readonly string[]>>;
  /** What was typed into its form, as FormErrorsFilter keeps it: `old('email')`. Default nothing. */
  readonly old?: Readonly<Values>;
}

/** All of it as messages. */
export function messagesOf({ flash = {}, errors, old }: FlashedBefore): Values {
  return {
    ...flash,
    ...(errors === undefined ? {} : { [BAGS.errors]: new InvalidFormException(errors).errors }),
    ...(old === undefined ? {} : { [BAGS.old]: old }),
  };
}
