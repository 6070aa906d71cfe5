import type { FlashState } from '../state/flash-state.js';
import { startOf } from '../state/own-text.js';
import type { Values } from '../state/values.js';
import { BAGS, type FieldErrors, type FormErrors, NOT_SAID } from './form-bags.js';

// What is kept of a form that is sent back (FormErrorsFilter): errors that name no secret, as long as there is room for them.

const MASK = '…';

/** Shorter ones are taken for what was typed in quotes only: they are words, or parts of some. */
const SHORTEST_BARE = 4;

/** What a form's errors may take where the session has no room for all of them, and at the very least, in bytes. */
const ROOM = 1_000;
const LEAST_ROOM = 100;

/** Of a message, in characters: a sentence. */
const LONGEST_MESSAGE = 150;

/**
 * Errors without what a form keeps to itself (passwords, tokens): some libraries say in a message what they have received.
 *
 * @param withheld the texts that were typed there
 */
export function maskedErrors(errors: FormErrors, withheld: ReadonlySet<string>): FormErrors {
  const texts = [...withheld].filter((text) => text !== '');
  if (texts.length === 0) return errors;
  return Object.fromEntries(
    Object.entries(errors).map(([field, [first, ...rest]]): [string, FieldErrors] => {
      const mask = (message: string): string =>
        texts.reduce((masked, text) => withoutText(masked, text, field), message);
      return [field, [mask(first), ...rest.map(mask)]];
    }),
  );
}

function withoutText(message: string, text: string, field: string): string {
  const escaped = JSON.stringify(text).slice(1, -1);
  const quoted = [text, escaped].reduce(
    (masked, each) => masked.replaceAll(`"${each}"`, `"${MASK}"`).replaceAll(`'${each}'`, `'${MASK}'`),
    message,
  );
  // A message begins with the name of its field, which somebody may have typed as well.
  if (text.length < SHORTEST_BARE || field.split('.').includes(text)) return quoted;
  return quoted.replaceAll(text, MASK);
}

/** What can be spared of a form that is sent back: what was typed, and what of the errors is long, the larger first. */
export function shorteningsOf(input: Values, errors: FormErrors): ((flash: FlashState) => boolean)[] {
  const withoutInput = (flash: FlashState): boolean => flash.forget(BAGS.old);
  const cutTo = (room: number) => (flash: FlashState) => {
    flash.flash(BAGS.errors, shortened(errors, room));
    return true;
  };
  const spares = [withoutInput, cutTo(ROOM)];
  if (sizeOf(errors) > sizeOf(input)) spares.reverse();
  return [...spares, cutTo(LEAST_ROOM)];
}

/** Of each field the first message, cut, as far as there is room; a general one where there is none for any. */
function shortened(errors: FormErrors, room: number): FormErrors {
  const short: Record<string, FieldErrors> = {};
  for (const [field, [message]] of Object.entries(errors)) {
    const found: FieldErrors = [cut(message)];
    if (sizeOf({ ...short, [field]: found }) > room) break;
    short[field] = found;
  }
  return Object.keys(short).length > 0 ? short : { '': [NOT_SAID] };
}

function cut(message: string): string {
  if (message.length <= LONGEST_MESSAGE) return message;
  return `${startOf(message, LONGEST_MESSAGE - 1)}…`;
}

const sizeOf = (values: object): number => Buffer.byteLength(JSON.stringify(values));
