import type { ActiveSession } from '../active-session.js';
import type { PendingWrite } from './pending-write.js';
import type { BaseVersion } from '../phase.js';
import { type Found, type RecordFinder, STORED } from './record-finder.js';
import type { RecordRemover } from './record-remover.js';
import type { RecordStore } from '../../drivers/record-store.js';
import { writeOwn } from './own-write.js';
import type { SessionLimit } from '../users/session-limit.js';

/**
 * Moves a session to a new id: stores its record under the new id, then replaces the old record by a
 * redirect. In between, nobody else knows the new id, so a failed move can be undone.
 */
export class IdRotation {
  readonly #store: RecordStore;
  readonly #remover: RecordRemover;
  readonly #finder: RecordFinder;
  readonly #limit: SessionLimit | null;

  constructor(store: RecordStore, remover: RecordRemover, finder: RecordFinder, limit: SessionLimit | null) {
    this.#store = store;
    this.#remover = remover;
    this.#finder = finder;
    this.#limit = limit;
  }

  /**
   * Stores the record under the new id, then leaves a redirect under the old one for requests under way.
   *
   * @throws SessionLimitError if the session is one too many for its user; `removeUnshared` takes it back
   * @returns `STORED`, or what was found in place of the version that the write is based on
   */
  async move(session: ActiveSession, write: PendingWrite, from: BaseVersion): Promise<typeof STORED | Found> {
    const { id, record } = write;
    if (!write.newRecordStored) {
      await this.#remover.removeUnshared(session, id);
      if (!(await writeOwn(this.#store, id, record))) {
        session.unsharedRecord = null;
        // The next write starts from scratch.
        session.pending = null;
        throw session.runtime.faults.lostRecord();
      }
      session.unsharedRecord = { id, version: record.version };
      await this.#limit?.assertRoom(session, record.userId);
      write.newRecordStored = true;
    }
    const oldVersion = { ...from, expiresAt: session.cookieUntil };
    if (await this.#remover.redirect(oldVersion, id, record.userId)) return STORED;
    const found = await this.#finder.find(from.id);
    return found.kind === 'moved' && found.to === id ? STORED : found;
  }
}
