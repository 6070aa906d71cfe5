import { textHash } from '../../drivers/text-hash.js';
import { ownText, startOf } from '../../state/own-text.js';
import { type Values, readPath } from '../../state/values.js';

/** The longest user id that stores accept, in characters. */
const MAX_USER_ID = 255;
const HASH_LENGTH = 64;

/**
 * The user at the path `userKey`, if it is a string or a number, as a string; null for none and for an empty
 * string.
 */
export function userIn(values: Readonly<Values>, userKey: string): string | null {
  const user = readPath(values, userKey);
  return isUser(user) ? String(user) : null;
}

/** The same, as named in records. */
export function recordedUser(values: Readonly<Values>, userKey: string): string | null {
  const user = readPath(values, userKey);
  return isUser(user) ? recordedAs(user) : null;
}

/** Whether a value can name a user: a non-empty string, or a finite number. */
export function isUser(value: unknown): value is string | number {
  return typeof value === 'string' ? value !== '' : Number.isFinite(value);
}

/**
 * The name of a user in records, unique to that user. An id that is too long for stores ends with a hash of
 * the whole, as different ids may begin alike. Only shortened names have the full length, so no other user's
 * id can be made to equal one.
 */
export function recordedAs(user: string | number): string {
  const text = String(user);
  if (text.length < MAX_USER_ID) return ownText(text);
  return startOf(text, MAX_USER_ID - HASH_LENGTH, '?') + textHash(text);
}
