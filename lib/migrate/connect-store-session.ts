import { systemClock } from '../drivers/clock.js';
import { type ConnectStore, destroyIn, getFrom } from '../stores/connect-store-calls.js';
import type { ForeignContent, ForeignSession } from '../lifecycle/taking-over/session-source.js';
import { hasFunctions } from '../options/read-option.js';
import { is } from '../options/checks.js';
import { userIn } from './source-options.js';
import { type Values, isObject } from '../state/values.js';

const isStore = (value: unknown): value is ConnectStore => hasFunctions(value, 'get', 'destroy');

/** The store of the old sessions. */
export const connectStoreCheck = is(
  'the store of the old sessions: the one that the old library was given',
  isStore,
);

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
  const expires = isObject(cookie) ? cookie['expires'] : undefined;
  if (!(expires instanceof Date) && typeof expires !== 'string') return null;
  const time = new Date(expires).getTime();
  return Number.isNaN(time) ? null : time;
}
