import { systemClock } from '../drivers/clock.js';
import type {
  ForeignContent,
  ForeignSession,
  SessionSource,
} from '../lifecycle/taking-over/session-source.js';
import { is } from '../options/checks.js';
import { hasFunctions } from '../options/read-option.js';
import type { Settings, Table } from '../options/read-table.js';
import { type Values, isObject } from '../state/values.js';
import { type ConnectStore, destroyIn, getFrom } from '../stores/connect-store-calls.js';
import { decoded, unsigned } from './signed-ids.js';
import { type commonOptions, isOver, secretsOf, userIn } from './source-options.js';
import { propertyOf } from '../state/property-of.js';

/** The options of a library whose cookie is a signed id, besides those of its cookie. */
export const signedIdOptions = (library: string) =>
  ({
    secret: { required: 'always', check: secretsOf(`the secret of ${library}, or a list of them`) },
    store: {
      required: 'always',
      check: is(
        'the store of the old sessions: the one that the old library was given',
        (value): value is ConnectStore => hasFunctions(value, 'get', 'destroy'),
      ),
    },
  }) as const satisfies Table;

type SignedIdSettings = Settings<ReturnType<typeof signedIdOptions> & typeof commonOptions>;

/**
 * A source of sessions whose cookie is a signed id behind a prefix, and whose records are in a store.
 *
 * @param library its name
 * @param cookieName of its cookie
 */
export function signedIdSource(
  library: string,
  cookieName: string,
  prefix: string,
  { secret, store, cookie, userId, until }: SignedIdSettings,
): SessionSource {
  return {
    name: library,
    cookies: [{ ...cookie, name: cookieName }],
    find(valuesOf) {
      if (isOver(until)) return null;
      for (const value of valuesOf(cookieName)) {
        const sent = decoded(value);
        const id = sent.startsWith(prefix) ? unsigned(sent.slice(prefix.length), secret) : null;
        if (id !== null) return storedSession(store, id, userId);
      }
      return null;
    },
  };
}

/** A session in a store made for express-session or @fastify/session. */
export function storedSession(store: ConnectStore, id: string, userPath: string | undefined): ForeignSession {
  return {
    key: id,
    async load() {
      const session = await getFrom(store, id);
      return isObject(session) ? contentOf(session, userPath) : null;
    },
    remove: () => destroyIn(store, id),
  };
}

/** The content of a session. Null if its cookie has expired: some stores leave that to the browser. */
function contentOf(session: Values, userPath: string | undefined): ForeignContent | null {
  const expiresAt = expiryOf(session['cookie']);
  if (expiresAt !== null && expiresAt <= systemClock.now()) return null;
  // Not values: the cookie, and when session-file-store last accessed the session.
  const { cookie: _cookie, __lastAccess: _lastAccess, ...kept } = session;
  // Stores in memory keep the original objects; all others convert them to text.
  const values: Values = JSON.parse(JSON.stringify(kept));
  return { values, userId: userIn(values, userPath), expiresAt };
}

/** Epoch ms; null if the cookie ends with the browser. */
function expiryOf(cookie: unknown): number | null {
  const expires = propertyOf(cookie, 'expires');
  if (!(expires instanceof Date) && typeof expires !== 'string') return null;
  const time = new Date(expires).getTime();
  return Number.isNaN(time) ? null : time;
}
