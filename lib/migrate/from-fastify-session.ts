import type { ConnectStore } from '../stores/connect-store-calls.js';
import type { SessionSource } from '../lifecycle/taking-over/session-source.js';
import { text } from '../options/checks.js';
import { group } from '../options/read-table.js';
import { signedIdOptions, signedIdSource } from './signed-id-source.js';
import { type SourceOptions, commonOptions } from './source-options.js';

/**
 * The options that @fastify/session was set up with.
 *
 * @example
 * const source: FastifySessionSource = { secret: oldSecret, store: new RedisStore({ client }), cookieName: 'sid' };
 */
export interface FastifySessionSource extends SourceOptions {
  /** Its `secret`, or several. */
  readonly secret: string | readonly string[];
  /** Its `store`. */
  readonly store: ConnectStore;
  /** Its `cookieName`. Default 'sessionId'. */
  readonly cookieName?: string | undefined;
  /** Its `cookiePrefix`. Default none. */
  readonly cookiePrefix?: string | undefined;
}

const options = group({
  ...signedIdOptions('@fastify/session'),
  cookieName: { default: 'sessionId', check: text() },
  cookiePrefix: { default: '', check: text('the prefix of the cookie', /^/) },
  ...commonOptions,
});

/**
 * Sessions of @fastify/session, in any store. Works like `fromExpressSession`.
 *
 * @param given `secret` and `store`, and what else @fastify/session was set up with (`cookieName`,
 * `cookiePrefix`); also `cookie`, `userId` and `until`, see `SourceOptions`
 * @returns a source for the option `migrate`
 * @throws SessionConfigError if an option is wrong
 * @see https://github.com/fastify/session
 * @example
 * SessionModule.forRoot({ secret, migrate: [fromFastifySession({ secret: oldSecret, store: new RedisStore({ client }) })] })
 */
export function fromFastifySession(given: FastifySessionSource): SessionSource {
  const settings = options(given, 'fromFastifySession');
  return signedIdSource('@fastify/session', settings.cookieName, settings.cookiePrefix, settings);
}
