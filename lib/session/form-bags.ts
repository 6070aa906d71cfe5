import { type Values, isContainer } from '../state/values.js';

/**
 * The errors of one field: at least one message. Templates that print the list print the messages one after
 * the other.
 *
 * @example
 * const errors: FieldErrors | undefined = messages.errors('email'); // ['This is no e-mail address.']
 */
export type FieldErrors = readonly [string, ...string[]];

/**
 * The errors of a form, by the dot paths of its fields (`lines.0.sku`); '' for the form as a whole.
 *
 * @example
 * const errors: FormErrors = { email: ['This is no e-mail address.'], '': ['Try again.'] };
 */
export type FormErrors = Readonly<Record<string, FieldErrors>>;

/** The names of the package's own flash messages. */
export const BAGS = { errors: '_errors', old: '_old' } as const;

/** Shown to the visitor if there is no specific error message, to say that the form was not accepted. */
export const NOT_SAID = 'This form cannot be accepted.';

/** Gets a bag from messages; empty if there is none. */
export function bagOf(messages: Values, bag: keyof typeof BAGS): Values {
  const found = Object.hasOwn(messages, BAGS[bag]) ? messages[BAGS[bag]] : undefined;
  return isContainer(found) ? found : {};
}

/**
 * Leaves out the bags, which are no messages: a page that shows all messages must not show them.
 *
 * @param readable messages, and what else can be read
 * @param own the messages that are no fields of forms
 * @param values of the session, which win over messages. Default none
 */
export function withoutBags(readable: Values, own: Values, values: Readonly<Values> = {}): Values {
  const bags = Object.values(BAGS).filter((bag) => Object.hasOwn(own, bag) && !Object.hasOwn(values, bag));
  if (bags.length === 0) return readable;
  const rest = { ...readable };
  for (const bag of bags) delete rest[bag];
  return rest;
}

/** Gets the errors from messages. */
export function errorsIn(messages: Values): FormErrors {
  const errors: Record<string, FieldErrors> = {};
  for (const [field, found] of Object.entries(bagOf(messages, 'errors')))
    if (isFieldErrors(found)) errors[field] = printable(found);
  return errors;
}

function isFieldErrors(found: unknown): found is FieldErrors {
  return Array.isArray(found) && found.length > 0 && found.every((each) => typeof each === 'string');
}

/** A copy of the list that templates print as sentences, without commas between them. */
function printable(list: FieldErrors): FieldErrors {
  const [first, ...rest] = list;
  const copy: FieldErrors = [first, ...rest];
  return Object.defineProperty(copy, 'toString', { value: () => list.join(' ') });
}
