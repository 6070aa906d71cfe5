import { createHash } from 'node:crypto';
import { ownText, startOf } from '../../state/own-text.js';
import { type Values, readPath } from '../../state/values.js';

/** What stores have room for, in characters. */
const MAX_USER_ID = 255;
const HASH_LENGTH = 64;

/** The user who stands at the path `userKey`, as text: a text or a number; null where there is none, or empty text. */
export function userIn(values: Readonly<Values>, userKey: string): string | null {
  const user = readPath(values, userKey);
  return isUser(user) ? String(user) : null;
}

/** The same, as records name him. */
export function recordedUser(values: Readonly<Values>, userKey: string): string | null {
  const user = userIn(values, userKey);
  return user === null ? null : recordedAs(user);
}

/** Whether it can name a user: text that is not empty, or a number. */
export function isUser(value: unknown): value is string | number {
  return typeof value === 'string' ? value !== '' : Number.isFinite(value);
}

/**
 * A user as records name him: one user, one name. The end of what stores have no room for is a hash of the whole, as
 * users whose ids begin alike are others. Only such a name is as long as that: no id of somebody else can be made to equal it.
 */
export function recordedAs(user: string | number): string {
  const text = String(user);
  if (text.length < MAX_USER_ID) return ownText(text);
  return (
    startOf(text, MAX_USER_ID - HASH_LENGTH, '?') + createHash('sha256').update(text, 'utf16le').digest('hex')
  );
}
