import { systemClock } from '../drivers/clock.js';
import { type ConnectStore, destroyIn, getFrom, setIn } from './connect-store-calls.js';
import type { RecordDriver } from '../drivers/driver.js';
import { hasFunctions, shown } from '../options/read-option.js';
import { SessionConfigError } from '../session.errors.js';
import { PlainStoreDriver } from './plain-store.driver.js';
import { propertyOf } from '../state/property-of.js';

export type { ConnectStore };

const FUNCTIONS = ['get', 'set', 'destroy'] as const;

/** The field that holds the record in the session object given to the store. */
const FIELD = 'sessionKit';

/**
 * Makes a driver of a store made for express-session (or @fastify/session): connect-pg-simple, connect-mongo,
 * session-file-store and the like. The application creates and closes the store.
 *
 * Such a store cannot compare and store in one step. Within one process nothing is lost nevertheless: requests
 * of one session take turns. Across processes there is no such guarantee, and the driver cannot list the
 * sessions of a user; the log says so at boot.
 *
 * @param store has `get`, `set` and `destroy` with callbacks. Its errors count as store errors: see
 * `whenStoreFails`
 * @throws SessionConfigError if it is no such store
 * @see https://github.com/expressjs/session#session-store-implementation
 * @example
 * SessionModule.forRoot({
 *   secret,
 *   driver: 'postgres',
 *   drivers: { postgres: { useFactory: () => connectStore(new PgStore({ pool })) } },
 * })
 */
export function connectStore(store: ConnectStore): RecordDriver {
  if (!hasFunctions(store, ...FUNCTIONS)) throw noStore(store);
  return new PlainStoreDriver(
    {
      async get(name) {
        return propertyOf(await getFrom(store, name), FIELD);
      },
      set: (name, kept, expiresAt) => setIn(store, name, { cookie: cookieUntil(expiresAt), [FIELD]: kept }),
      remove: (name) => destroyIn(store, name),
    },
    store,
    `a store made for express-session (${kindOf(store)})`,
  );
}

function noStore(given: unknown): SessionConfigError {
  const missing = FUNCTIONS.filter((name) => !hasFunctions(given, name));
  const advice =
    typeof given === 'function'
      ? 'This is a function: call it as its documentation says, with new in most cases, and hand over what that makes.'
      : `It has no function ${missing.join(', and none ')}.`;
  return new SessionConfigError(
    `connectStore got ${shown(given)}; it takes a store made for express-session: an object with the functions ` +
      `${FUNCTIONS.join(', ')}. ${advice}`,
  );
}

/** The name of the store's class, if it has one. */
function kindOf(store: ConnectStore): string {
  const made: unknown = store.constructor;
  return typeof made === 'function' && made !== Object ? made.name : 'an object';
}

/**
 * The cookie of an express-session session. Stores derive the lifetime from it, each from different fields.
 * They use the machine's clock, even if a test has stopped the sessions' clock.
 */
function cookieUntil(expiresAt: number): object {
  const maxAge = expiresAt - systemClock.now();
  return {
    originalMaxAge: maxAge,
    maxAge,
    expires: new Date(Date.now() + maxAge),
    httpOnly: true,
    path: '/',
  };
}
