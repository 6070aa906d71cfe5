import { systemClock } from '../drivers/clock.js';
import { type ConnectStore, destroyIn, getFrom, setIn } from './connect-store-calls.js';
import type { RecordDriver } from '../drivers/driver.js';
import { hasFunctions, shown } from '../options/read-option.js';
import { SessionConfigError } from '../session.errors.js';
import { PlainStoreDriver } from './plain-store.driver.js';
import { isObject } from '../state/values.js';

export type { ConnectStore };

const FUNCTIONS = ['get', 'set', 'destroy'] as const;

/** Where the record stands in what a store takes for a session of express-session. */
const FIELD = 'sessionKit';

/**
 * Makes a driver of a store that was made for express-session (or @fastify/session): connect-pg-simple, connect-mongo,
 * session-file-store and their like. The application makes the store, and closes it.
 *
 * Such a store cannot compare and store in one step. Inside one process nothing is lost all the same: requests of one session
 * take their turns. Across processes there is no such promise, and it cannot list the sessions of a user; the log says so at boot.
 *
 * @param store has `get`, `set` and `destroy` with callbacks. Its errors are those of a store: see `whenStoreFails`
 * @throws SessionConfigError where it is no such store
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
        const session = await getFrom(store, name);
        return isObject(session) ? session[FIELD] : null;
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

/** The name of its class, where it has one. */
function kindOf(store: ConnectStore): string {
  const made: unknown = store.constructor;
  return typeof made === 'function' && made !== Object ? made.name : 'an object';
}

/**
 * The cookie of a session of express-session, from which stores take how long they keep it: some ask for this, some for that. They
 * count by the machine's clock, also where a test has stopped that of the sessions.
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
