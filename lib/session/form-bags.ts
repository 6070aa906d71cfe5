import { type Values, isContainer } from '../state/values.js';

/** What is wrong with one field: at least one message. Where a template prints the list, it prints one after the other. */
export type FieldErrors = readonly [string, ...string[]];

/** What is wrong with a form, by the dot paths of its fields (`lines.0.sku`); '' for the form as a whole. */
export type FormErrors = Readonly<Record<string, FieldErrors>>;

/** Messages of the package's own, beside those of the application. */
export const BAGS = { errors: '_errors', old: '_old' } as const;

/** What a visitor reads where nothing says what is wrong: he has to see that the form has not been taken. */
export const NOT_SAID = 'This form cannot be accepted.';

/** A bag among messages; empty where there is none. */
export function bagOf(messages: Values, bag: keyof typeof BAGS): Values {
  const found = Object.hasOwn(messages, BAGS[bag]) ? messages[BAGS[bag]] : undefined;
  return isContainer(found) ? found : {};
}

/** The errors among messages. */
export function errorsIn(messages: Values): FormErrors {
  const errors: Record<string, FieldErrors> = {};
  for (const [field, found] of Object.entries(bagOf(messages, 'errors')))
    if (isFieldErrors(found)) errors[field] = printable(found);
  return errors;
}

/** Those of one field; undefined for none. */
export function shownErrors(errors: FormErrors, field: string): FieldErrors | undefined {
  return Object.hasOwn(errors, field) ? errors[field] : undefined;
}

function isFieldErrors(found: unknown): found is FieldErrors {
  return Array.isArray(found) && found.length > 0 && found.every((each) => typeof each === 'string');
}

/** A list of its own that templates print as sentences, without commas between them. */
function printable(list: FieldErrors): FieldErrors {
  const [first, ...rest] = list;
  const copy: FieldErrors = [first, ...rest];
  return Object.defineProperty(copy, 'toString', { value: () => list.join(' ') });
}
