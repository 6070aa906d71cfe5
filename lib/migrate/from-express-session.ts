import type { ConnectStore } from '../stores/connect-store-calls.js';
import type { SessionSource } from '../lifecycle/taking-over/session-source.js';
import { text } from '../options/checks.js';
import { group } from '../options/read-table.js';
import { signedIdOptions, signedIdSource } from './signed-id-source.js';
import { type SourceOptions, commonOptions } from './source-options.js';

/**
 * The options that express-session was set up with.
 *
 * @example
 * const source: ExpressSessionSource = { secret: oldSecret, store: new RedisStore({ client }) };
 */
export interface ExpressSessionSource extends SourceOptions {
  /** Its `secret`, or several: all that have signed cookies still in use. */
  readonly secret: string | readonly string[];
  /** Its `store`. */
  readonly store: ConnectStore;
  /** Its `name`. Default 'connect.sid'. */
  readonly name?: string | undefined;
}

const options = group({
  ...signedIdOptions('express-session'),
  name: { default: 'connect.sid', check: text() },
  ...commonOptions,
});

/**
 * Sessions of express-session, in any store: a visitor with a `connect.sid` cookie continues here with the
 * values of their session, including `passport`. The old record is destroyed once the browser has the new
 * cookie, so that a copy of the old one opens nothing.
 *
 * @param given `secret` and `store`, and what else express-session was set up with (`name`); also
 * `cookie`, `userId` and `until`, see `SourceOptions`
 * @returns a source for the option `migrate`
 * @throws SessionConfigError if an option is wrong
 * @see https://github.com/expressjs/session
 * @example
 * SessionModule.forRoot({
 *   secret,
 *   userKey: 'passport.user',
 *   migrate: [fromExpressSession({ secret: oldSecret, store: new RedisStore({ client }), userId: 'passport.user' })],
 * })
 */
export function fromExpressSession(given: ExpressSessionSource): SessionSource {
  const settings = options(given, 'fromExpressSession');
  return signedIdSource('express-session', settings.name, 's:', settings);
}
