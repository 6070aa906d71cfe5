import type { SessionState } from '../../state/session-state.js';
import type { Values } from '../../state/values.js';
import { ExpressSessionCookie } from './express-session-cookie.js';
import type { RequestSession } from '../request-session.js';

/** The protected members of RequestSession that its express-session shape needs. */
export interface ShapedSession {
  /** For reading; throws if the session is not loaded. */
  readable(): SessionState;
  /** For writing; throws if the session is not loaded, or read-only. */
  writable(): SessionState;
  /** Called after values were handed out that may be mutated in place. */
  armIfTracking(state: SessionState): void;
  /** Whether the cookie has no lifetime and ends with the browser. */
  endsWithBrowser(): boolean;
  /** The current time of the session clock, in epoch ms. */
  now(): number;
}

/** The parts of the express-session shape: the values of a session by their top-level keys, and its cookie. */
export class ExpressValues {
  readonly #session: RequestSession;
  readonly #shaped: ShapedSession;
  #cookie: ExpressSessionCookie | null = null;

  constructor(session: RequestSession, shaped: ShapedSession) {
    this.#session = session;
    this.#shaped = shaped;
  }

  /** The session's own values; null if it is not loaded. Must not be changed. */
  get all(): Values | null {
    return this.#session.initiated ? this.#shaped.readable().values : null;
  }

  /** Returns a value that may be mutated in place from then on; undefined if it is missing. */
  handOut(key: string): unknown {
    const state = this.#shaped.readable();
    const value = state.values[key];
    if (state.track(value)) this.#shaped.armIfTracking(state);
    return value;
  }

  /** Sets a value as a whole; undefined removes it. */
  assign(key: string, value: unknown): void {
    this.#shaped.writable().assign(key, value);
  }

  /**
   * Removes a value. The removal of a missing one is recorded too, as another request may be storing it right
   * now. That is no write: it is no reason to commit, and a read-only session does not refuse it.
   */
  remove(key: string): void {
    const values = this.all;
    if (values === null) return;
    const isThere = Object.hasOwn(values, key);
    (isThere ? this.#shaped.writable() : this.#shaped.readable()).assign(key, undefined);
  }

  /** Removes all values except those under the given keys. */
  keepOnly(keys: readonly string[]): void {
    this.#shaped.writable().keepOnly(keys);
  }

  get cookie(): ExpressSessionCookie {
    return (this.#cookie ??= new ExpressSessionCookie(this.#session, this.#shaped));
  }
}
