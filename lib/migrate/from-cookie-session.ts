import { createHmac } from 'node:crypto';
import type { SessionSource } from '../lifecycle/taking-over/session-source.js';
import { is, text } from '../options/checks.js';
import { group } from '../options/read-table.js';
import { isMadeBy } from './signed-ids.js';
import { type SourceOptions, commonOptions, isOver, secretsOf, userIn, valuesIn } from './source-options.js';

/**
 * The options that cookie-session was set up with.
 *
 * @example
 * const source: CookieSessionSource = { keys: [newKey, oldKey], name: 'shop', until: '2027-03-01' };
 */
export interface CookieSessionSource extends SourceOptions {
  /** Its `keys`, or its `secret`: all that have signed cookies still in use. */
  readonly keys: string | readonly string[];
  /** Its `name`. Default 'session'. */
  readonly name?: string | undefined;
  /** The hash of its Keygrip, if it was given a custom one. Default 'sha1'. */
  readonly algorithm?: string | undefined;
}

function isHash(value: unknown): value is string {
  try {
    return typeof value === 'string' && createHmac(value, '') !== null;
  } catch {
    return false;
  }
}

const options = group({
  keys: { required: 'always', check: secretsOf('the keys of cookie-session') },
  name: { default: 'session', check: text() },
  algorithm: { default: 'sha1', check: is("the name of a hash, such as 'sha256'", isHash) },
  ...commonOptions,
});

/**
 * Sessions of cookie-session: a visitor with its two cookies (`session` and `session.sig`) continues here with
 * the values in them.
 *
 * Such a session is kept only in the cookie, which says neither when it ends nor whose browser it is from: the
 * same values make the same cookie. A copy of a cookie opens a session, as it did before: set `until`. With
 * `userId`, simultaneous requests of a user continue with one session; without it, and for visitors who are not
 * signed in, the last response wins, as it did with cookie-session.
 *
 * @param given `keys`, and what else cookie-session was set up with (`name`, `algorithm`); also
 * `cookie`, `userId` and `until`, see `SourceOptions`
 * @returns a source for the option `migrate`
 * @throws SessionConfigError if an option is wrong
 * @see https://github.com/expressjs/cookie-session
 * @example
 * SessionModule.forRoot({ secret, migrate: [fromCookieSession({ keys: oldKeys, until: '2027-03-01' })] })
 */
export function fromCookieSession(given: CookieSessionSource): SessionSource {
  const { keys, name, algorithm, cookie, userId, until } = options(given, 'fromCookieSession');
  const signatureName = `${name}.sig`;
  return {
    name: 'cookie-session',
    cookies: [
      { ...cookie, name },
      { ...cookie, name: signatureName },
    ],
    find(valuesOf) {
      if (isOver(until)) return null;
      const signatures = valuesOf(signatureName);
      const value = valuesOf(name).find((each) =>
        signatures.some((signature) => isMadeBy(keys, algorithm, `${name}=${each}`, signature)),
      );
      // Signed, but no session: another cookie of that name, signed with the same keys.
      const values = value === undefined ? null : valuesIn(Buffer.from(value, 'base64').toString());
      if (value === undefined || values === null) return null;
      const user = userIn(values, userId);
      const content = { values, userId: user };
      // The same values make the same cookie: without a user, thousands of visitors may have it.
      return { key: user === undefined ? null : value, isOfUser: true, load: () => Promise.resolve(content) };
    },
  };
}
