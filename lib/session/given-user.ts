import { isUser } from '../lifecycle/users/recorded-user.js';
import { withoutText } from '../options/read-option.js';
import { SessionValueError } from '../session.errors.js';

/**
 * A user as a method was given one.
 *
 * @param method named in the error
 * @throws SessionValueError for what names nobody: an application that forgot to ask whether somebody is signed in is not answered as
 * if there were a user by the name of "null"
 */
export function givenUser(method: string, userId: unknown): string | number {
  if (isUser(userId)) return userId;
  const nobody = userId === null || userId === undefined;
  throw new SessionValueError(
    `${method} got ${withoutText(userId)} for a user; it takes text that is not empty, or a number.` +
      (nobody ? ' Where nobody is signed in, session.userId is null.' : ''),
  );
}
