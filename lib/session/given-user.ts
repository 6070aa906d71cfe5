import { isUser } from '../lifecycle/users/recorded-user.js';
import { withoutText } from '../options/read-option.js';
import { SessionValueError } from '../session.errors.js';

/**
 * Checks the user that a method was given.
 *
 * @param method named in the error
 * @throws SessionValueError for anything that does not name a user: an application that forgot to check
 * whether somebody is signed in must not get results for a user called "null"
 */
export function givenUser(method: string, userId: unknown): string | number {
  if (isUser(userId)) return userId;
  const nobody = userId === null || userId === undefined;
  throw new SessionValueError(
    `${method} got ${withoutText(userId)} for a user; it takes text that is not empty, or a number.` +
      (nobody ? ' Where nobody is signed in, session.userId is null.' : ''),
  );
}
