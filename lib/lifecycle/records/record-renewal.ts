import { isOutdated } from '../../drivers/encrypted-store.js';
import { isFull } from '../../drivers/guard/full-store.js';
import { SessionStoreError } from '../../session.errors.js';
import type { ActiveSession } from '../active-session.js';
import type { RecordFinder } from './record-finder.js';
import type { RecordRemover } from './record-remover.js';
import type { RecordStore } from '../../drivers/record-store.js';
import type { MergingWriter } from './merging-writer.js';

/** Extends the lifetime of stored sessions. */
export class RecordRenewal {
  readonly #store: RecordStore;
  readonly #finder: RecordFinder;
  readonly #remover: RecordRemover;
  readonly #writer: MergingWriter;

  constructor(store: RecordStore, finder: RecordFinder, remover: RecordRemover, writer: MergingWriter) {
    this.#store = store;
    this.#finder = finder;
    this.#remover = remover;
    this.#writer = writer;
  }

  /** Records a visit that changed nothing. */
  async renew(session: ActiveSession): Promise<void> {
    const { lifetimes, degrade } = session.runtime;
    try {
      // A cookie without Max-Age has nothing to renew but its secret.
      const isCookieDue = !lifetimes.endsWithBrowser(session.state.facts) || session.hasOldToken;
      const isOld = session.latestVisit !== null && isOutdated(session.latestVisit);
      if (isOld || lifetimes.isAtItsLongest(session.state.facts)) await this.#writer.write(session);
      else if (!(await this.extend(session, isCookieDue))) session.drop();
    } catch (error) {
      // The application changed nothing: an unrecorded visit is no reason to fail the request.
      if (!(error instanceof SessionStoreError) || !(degrade || isFull(error))) throw error;
      session.forgoRenewal();
    }
  }

  /**
   * Extends the lifetime, then reads the record, for two reasons. `touch` also extends the redirect or tombstone
   * that another request left under the id; without the read, a redirect would live on and lead the browser
   * back to a dead id. And another request may have changed the session's lifetime, which this one must not undo.
   *
   * @returns false if the session is gone
   */
  async extend(session: ActiveSession, isCookieDue: boolean): Promise<boolean> {
    const { base, state, runtime } = session;
    const store = this.#store;
    const expiresAt = runtime.lifetimes.fullExpiry(state.facts);
    if (base === null || !(await store.touch(base.id, expiresAt))) return false;
    const found = await this.#finder.find(base.id);
    if (found.kind === 'record') {
      const isOurs = found.payload.t === state.facts.storedDuration;
      const until = isOurs ? expiresAt : runtime.lifetimes.fullExpiryOf(found.payload);
      if (!isOurs) await store.touch(base.id, until);
      // The request that changed the lifetime sends the cookie.
      session.renewed(until, isCookieDue && isOurs);
      return true;
    }
    // A record that only this process cannot read keeps its lifetime: others may have a newer secret.
    if (found.kind === 'moved' || found.isPlaceholder === true)
      await store.touch(base.id, this.#remover.untilForgotten());
    if (found.kind === 'gone') return false;
    // The session may have been moved by this request's own write, whose answer got lost. Resending that
    // write tells whether it was.
    if (session.pending !== null) {
      session.renewed(expiresAt, isCookieDue);
      return true;
    }
    return (await this.#finder.follow(session, found.to)) && this.extend(session, isCookieDue);
  }
}
