import { ownText } from '../../state/own-text.js';
import { type Values, readPath } from '../../state/values.js';

/** What stores have room for, in characters. */
const MAX_USER_ID = 255;
const HALF_A_PAIR = /[\uD800-\uDBFF]$/;

/** The user that a record names: the text or number at the path `userKey`; null where there is none, or empty text. */
export function recordedUser(values: Readonly<Values>, userKey: string): string | null {
  const user = readPath(values, userKey);
  return isUser(user) ? userText(user) : null;
}

/** Whether it can name a user: text that is not empty, or a number. */
export function isUser(value: unknown): value is string | number {
  return typeof value === 'string' ? value !== '' : Number.isFinite(value);
}

/** A user as records name him. */
export function userText(user: string | number): string {
  // Half a character would be stored as none.
  return ownText(String(user).slice(0, MAX_USER_ID).replace(HALF_A_PAIR, ''));
}
