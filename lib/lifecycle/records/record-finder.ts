import type { SessionRecord } from '../../drivers/driver.js';
import type { Payload } from '../../state/payload.js';
import { parseRecord } from '../../state/recent-payloads.js';
import type { ActiveSession } from '../active-session.js';
import { MAX_ATTEMPTS } from '../consistency-errors.js';
import { REDIRECT_MS } from '../lifetimes.js';
import type { RecordStore } from '../../drivers/record-store.js';
import type { SessionRuntime } from '../session-runtime.js';
import type { Locate } from '../watching/watch.js';

const UNREADABLE =
  'A session record could not be read: it counts as absent. ' +
  "Was the option 'serializer' changed, was a secret dropped that it was sealed with (options 'encrypt', 'stealth.ledger'), or does something else " +
  'write to the store?';

/** The record of a session. Several requests may share a payload; none of them modifies it. */
export interface FoundRecord {
  readonly kind: 'record';
  readonly id: string;
  readonly record: SessionRecord;
  readonly payload: Payload;
}

/** What is stored under an id. */
export type Found =
  | FoundRecord
  | { readonly kind: 'moved'; readonly to: string; readonly version: number }
  | {
      readonly kind: 'gone';
      /** Set if there is a tombstone, or a redirect that leads nowhere any more. */
      readonly isPlaceholder?: true;
    };

/** The id has no live session and no valid redirect. */
export const GONE = { kind: 'gone' } as const;
const PLACEHOLDER = { kind: 'gone', isPlaceholder: true } as const;
/** Stands in for what was found: nothing was in the way of the write. */
export const STORED = { kind: 'stored' } as const;

/** Reads records and tells them apart: a session, the redirect of a moved session, or neither. */
export class RecordFinder {
  readonly #store: RecordStore;
  readonly #runtime: SessionRuntime;

  constructor(store: RecordStore, runtime: SessionRuntime) {
    this.#store = store;
    this.#runtime = runtime;
  }

  /** @throws SessionStoreError */
  async find(id: string): Promise<Found> {
    return this.judge(id, await this.#store.read(id));
  }

  /** Classifies a record that was read under an id. */
  judge(id: string, record: SessionRecord | null): Found {
    if (record === null) return GONE;
    const parsed = parseRecord(id, record, this.#runtime.serializer);
    if (parsed.kind === 'session') return { kind: 'record', id, record, payload: parsed.payload };
    if (parsed.kind === 'moved') {
      // A ledger keeps redirects for longer, so that the old sealed cookie stays invalid; but they lead
      // nowhere by then.
      const leads = this.#runtime.clock.now() - record.lastActivity < REDIRECT_MS;
      return leads ? { kind: 'moved', to: parsed.to, version: record.version } : PLACEHOLDER;
    }
    if (parsed.kind === 'ended') return PLACEHOLDER;
    this.#runtime.log.warn(UNREADABLE);
    return GONE;
  }

  /**
   * The record of a session, wherever it has moved to; null if it is gone.
   *
   * @throws SessionStoreError
   */
  async latest(id: string): Promise<FoundRecord | null> {
    return this.latestFrom(await this.find(id));
  }

  /** The same, where one look-up has been done already. @param first what it found */
  async latestFrom(first: Found): Promise<FoundRecord | null> {
    let found = first;
    for (let moves = 0; moves < MAX_ATTEMPTS; moves += 1) {
      if (found.kind === 'gone') return null;
      if (found.kind === 'record') return found;
      found = await this.find(found.to);
    }
    throw this.#runtime.faults.endlessMoves();
  }

  /** Where the session of an id is now. */
  readonly locate: Locate = async (id) => {
    const latest = await this.latest(id);
    if (latest === null || this.#runtime.lifetimes.isOverAge(latest.payload)) return null;
    return { id: latest.id, expiresAt: latest.record.expiresAt };
  };

  /**
   * Continues a session with the record that another request moved it to.
   *
   * @returns false if that record is gone
   */
  async follow(session: ActiveSession, to: string): Promise<boolean> {
    const latest = await this.latest(to);
    if (latest === null) return false;
    session.follow(latest.id, latest.record, latest.payload);
    return true;
  }
}
