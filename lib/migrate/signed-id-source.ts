import type { ConnectStore } from '../stores/connect-store-calls.js';
import type { SessionSource, SourceCookie } from '../lifecycle/taking-over/session-source.js';
import { decoded, unsigned } from './signed-ids.js';
import { isOver } from './source-options.js';
import { storedSession } from './connect-store-session.js';

/** A source of sessions whose cookie is a signed id behind a prefix, and whose records are in a store. */
export function signedIdSource({
  name,
  cookie,
  prefix,
  secret,
  store,
  userId,
  until,
}: {
  /** The name of the library. */
  readonly name: string;
  readonly cookie: SourceCookie;
  readonly prefix: string;
  readonly secret: readonly string[];
  readonly store: ConnectStore;
  readonly userId: string | undefined;
  /** Epoch ms. */
  readonly until: number | undefined;
}): SessionSource {
  return {
    name,
    cookies: [cookie],
    find(valuesOf) {
      if (isOver(until)) return null;
      for (const value of valuesOf(cookie.name)) {
        const sent = decoded(value);
        const id = sent.startsWith(prefix) ? unsigned(sent.slice(prefix.length), secret) : null;
        if (id !== null) return storedSession(store, id, userId);
      }
      return null;
    },
  };
}
