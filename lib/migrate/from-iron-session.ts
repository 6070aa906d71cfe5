import type { SessionSource } from '../lifecycle/taking-over/session-source.js';
import { type Check, refused, withoutText } from '../options/read-option.js';
import { text } from '../options/checks.js';
import { group } from '../options/read-table.js';
import { unseal } from './iron-seal.js';
import { decoded } from './signed-ids.js';
import { type SourceOptions, commonOptions, isOver, isSecret, userIn, valuesIn } from './source-options.js';
import { isObject } from '../state/values.js';

/**
 * The options that iron-session was set up with.
 *
 * @example
 * const source: IronSessionSource = { password: { 1: oldPassword, 2: newPassword }, cookieName: 'app' };
 */
export interface IronSessionSource extends SourceOptions {
  /** Its `password`: text, or several by their ids. */
  readonly password: string | Readonly<Record<string, string>>;
  /** Its `cookieName`. */
  readonly cookieName: string;
}

const takesPassword = 'the password of iron-session, or several by their ids: { 1: oldOne, 2: newOne }';

const passwords: Check<Readonly<Record<string, string>>> = (value, option) => {
  const byId = typeof value === 'string' ? { 1: value } : value;
  return isPasswords(byId) ? { ...byId } : refused(option, value, takesPassword, withoutText);
};

function isPasswords(byId: unknown): byId is Readonly<Record<string, string>> {
  return isObject(byId) && Object.keys(byId).length > 0 && Object.values(byId).every(isSecret);
}

const options = group({
  password: { required: 'always', check: passwords },
  cookieName: { required: 'always', check: text() },
  ...commonOptions,
});

/**
 * Sessions of iron-session: a visitor continues here with the values in their sealed cookie, until it would
 * have expired.
 *
 * Such a session is kept only in the cookie. With a driver that keeps records, each cookie is taken over once;
 * a copy of an earlier cookie opens a session until it expires, as it did before. Set `until` to the day from
 * which no cookie is taken over.
 *
 * @param given `password` and `cookieName` of iron-session; also
 * `cookie`, `userId` and `until`, see `SourceOptions`
 * @returns a source for the option `migrate`
 * @throws SessionConfigError if an option is wrong
 * @see https://github.com/vvo/iron-session
 * @example
 * SessionModule.forRoot({ secret, migrate: [fromIronSession({ password: oldPassword, cookieName: 'app' })] })
 */
export function fromIronSession(given: IronSessionSource): SessionSource {
  const { password, cookieName, cookie, userId, until } = options(given, 'fromIronSession');
  return {
    name: 'iron-session',
    // The default of iron-session.
    cookies: [{ secure: true, ...cookie, name: cookieName }],
    find(valuesOf) {
      if (isOver(until)) return null;
      for (const value of valuesOf(cookieName)) {
        // The version after the seal is not signed, so nothing is decided by it.
        const [seal = ''] = decoded(value).split('~');
        const unsealed = unseal(seal, password);
        const values = unsealed === null ? null : valuesIn(unsealed.text);
        if (unsealed === null || values === null) continue;
        const content = { values, userId: userIn(values, userId), expiresAt: unsealed.expiresAt };
        return { key: unsealed.signed, load: () => Promise.resolve(content) };
      }
      return null;
    },
  };
}
