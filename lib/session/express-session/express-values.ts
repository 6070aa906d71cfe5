import type { Values } from '../../state/values.js';
import { ExpressSessionCookie } from './express-session-cookie.js';
import type { HostedSession } from '../hosted-session.js';

/** The parts of the express-session shape: the values of a session by their top-level keys, and its cookie. */
export class ExpressValues {
  readonly #hosted: HostedSession;
  #cookie: ExpressSessionCookie | null = null;

  constructor(hosted: HostedSession) {
    this.#hosted = hosted;
  }

  /** The session's own values; null if it is not loaded. Must not be changed. */
  get all(): Values | null {
    return this.#hosted.initiated ? this.#hosted.readable.values : null;
  }

  /** Returns a value that may be mutated in place from then on; undefined if it is missing. */
  handOut(key: string): unknown {
    const state = this.#hosted.readable;
    const value = state.values[key];
    if (state.track(value)) this.#hosted.armIfTracking(state);
    return value;
  }

  /** Sets a value as a whole; undefined removes it. */
  assign(key: string, value: unknown): void {
    this.#hosted.writable.assign(key, value);
  }

  /**
   * Removes a value. The removal of a missing one is recorded too, as another request may be storing it right
   * now. That is no write: it is no reason to commit, and a read-only session does not refuse it.
   */
  remove(key: string): void {
    const values = this.all;
    if (values === null) return;
    const isThere = Object.hasOwn(values, key);
    (isThere ? this.#hosted.writable : this.#hosted.readable).assign(key, undefined);
  }

  /** Removes all values except those under the given keys. */
  keepOnly(keys: readonly string[]): void {
    this.#hosted.writable.keepOnly(keys);
  }

  get cookie(): ExpressSessionCookie {
    return (this.#cookie ??= new ExpressSessionCookie(this.#hosted));
  }
}
