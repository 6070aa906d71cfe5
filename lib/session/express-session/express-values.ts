import type { SessionState } from '../../state/session-state.js';
import type { Values } from '../../state/values.js';
import { ExpressSessionCookie } from './express-session-cookie.js';
import type { RequestSession } from '../request-session.js';

/** Protected members of RequestSession that its express-session shape needs. */
export interface ShapedSession {
  /** For what reads; throws where the session is not loaded. */
  readable(): SessionState;
  /** For what writes; throws where the session is not loaded, or read-only. */
  writable(): SessionState;
  /** Values were handed out that may be mutated in place. */
  lent(state: SessionState): void;
  /** Whether the cookie has no lifetime and ends with the browser. */
  endsWithBrowser(): boolean;
  /** The time that sessions live by, in epoch ms. */
  now(): number;
}

/** What the shape of express-session consists of: the values of a session by their top-level keys, and its cookie. */
export class ExpressValues {
  readonly #session: RequestSession;
  readonly #shaped: ShapedSession;
  #cookie: ExpressSessionCookie | null = null;

  constructor(session: RequestSession, shaped: ShapedSession) {
    this.#session = session;
    this.#shaped = shaped;
  }

  /** The session's own values; null where it is not loaded. Not to be changed. */
  get all(): Values | null {
    return this.#session.initiated ? this.#shaped.readable().values : null;
  }

  /** One that is handed out, and may be mutated in place from then on; undefined where it is missing. */
  lend(key: string): unknown {
    const state = this.#shaped.readable();
    const value = state.values[key];
    if (state.lend(value)) this.#shaped.lent(state);
    return value;
  }

  /** Sets a value as a whole; undefined removes it. */
  assign(key: string, value: unknown): void {
    this.#shaped.writable().assign(key, value);
  }

  /** Removes all values but those. */
  keepOnly(keys: readonly string[]): void {
    const state = this.#shaped.writable();
    for (const key of Object.keys(state.values)) if (!keys.includes(key)) state.assign(key, undefined);
  }

  get cookie(): ExpressSessionCookie {
    return (this.#cookie ??= new ExpressSessionCookie(this.#session, this.#shaped));
  }
}
