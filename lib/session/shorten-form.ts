import type { FlashState } from '../state/flash-state.js';
import { startOf } from '../state/own-text.js';
import type { Values } from '../state/values.js';
import { BAGS, type FieldErrors, type FormErrors, NOT_SAID } from './form-bags.js';

/** What a form's errors may take where the session has no room for all of them, and at the very least, in bytes. */
const ROOM = 1_000;
const LEAST_ROOM = 100;

/** Of a message, in characters: a sentence. */
const LONGEST_MESSAGE = 150;

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
