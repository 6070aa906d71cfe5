import type { FlashState } from '../state/flash-state.js';
import { startOf } from '../state/own-text.js';
import type { Values } from '../state/values.js';
import { BAGS, type FieldErrors, type FormErrors, NOT_SAID } from './form-bags.js';
import { inputOf } from './form-input.js';
import type { HostedSession } from './hosted-session.js';

// Keeps the errors of a form that is sent back (FormErrorsFilter), without secrets, and as far as there is
// room for them.

const MASK = '…';

/**
 * Shorter texts are masked only where they are quoted: elsewhere they are likely to be words, or parts of
 * words.
 */
const SHORTEST_BARE = 4;

/** The room for a form's errors if the session has no room for all of them, and the least room, in bytes. */
const ROOM = 1_000;
const LEAST_ROOM = 100;

/** The longest message that is kept, in characters: about a sentence. */
const LONGEST_MESSAGE = 150;

/**
 * Flashes the errors and the input of a request's form, for the page that shows it again. Each goes into a bag
 * of its own, so that no field can pass for an error, and neither contains a password. If the session has no
 * room for everything (a cookie), the input is dropped and the errors are shortened, the larger of the two
 * first.
 */
export function flashRefusedForm(hosted: HostedSession, errors: FormErrors): void {
  const { flash } = hosted.writable;
  const withheld = new Set<string>();
  const input = inputOf(hosted.host, withheld);
  const masked = maskedErrors(errors, withheld);
  flash.flash(BAGS.old, input);
  flash.flash(BAGS.errors, masked);
  hosted.lifecycle.session.shortenings = shorteningsOf(input, masked);
}

/**
 * Masks secrets of the form (passwords, tokens) in its errors: some libraries repeat in a message what they
 * received.
 *
 * @param withheld the texts in fields that are never flashed
 */
function maskedErrors(errors: FormErrors, withheld: ReadonlySet<string>): FormErrors {
  // The longest first: one may be a part of another.
  const texts = [...withheld]
    .filter((text) => text !== '')
    .toSorted((one, other) => other.length - one.length);
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
  // A message begins with the name of its field, and the visitor may have typed that name.
  if (text.length < SHORTEST_BARE || field.split('.').includes(text)) return quoted;
  return quoted.replaceAll(text, MASK);
}

/**
 * Steps that make a form that is sent back smaller: drop the input, or shorten the errors, the larger of the
 * two first.
 */
function shorteningsOf(input: Values, errors: FormErrors): ((flash: FlashState) => void)[] {
  const withoutInput = (flash: FlashState): void => void flash.forget(BAGS.old);
  const cutTo = (room: number) => (flash: FlashState) => {
    flash.flash(BAGS.errors, shortened(errors, room));
  };
  const shortenings = [withoutInput, cutTo(ROOM)];
  if (sizeOf(errors) > sizeOf(input)) shortenings.reverse();
  return [...shortenings, cutTo(LEAST_ROOM)];
}

/**
 * The first message of each field, shortened, as far as there is room; a general message if there is no room
 * for any.
 */
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
