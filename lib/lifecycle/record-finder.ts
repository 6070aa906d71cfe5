import type { SessionRecord } from '../drivers/driver.js';
import { type ParsedPayload, type Payload, type SessionSerializer, parsePayload } from '../state/payload.js';
import type { RecordStore } from './record-store.js';
import type { SessionLog } from './session-runtime.js';

/** What lies under an id. A record's payload is parsed anew for each who asks: it may be made a request's own state. */
export type Found =
  | { readonly kind: 'record'; readonly record: SessionRecord; readonly payload: Payload }
  | { readonly kind: 'moved'; readonly to: string; readonly version: number }
  | { readonly kind: 'gone' };

export const GONE = { kind: 'gone' } as const;

/** Reads records and tells what they are: a session, the marker of one that moved, or nothing that counts. */
export class RecordFinder {
  readonly #store: RecordStore;
  readonly #serializer: SessionSerializer;
  readonly #log: SessionLog;

  constructor(store: RecordStore, serializer: SessionSerializer, log: SessionLog) {
    this.#store = store;
    this.#serializer = serializer;
    this.#log = log;
  }

  /** @throws SessionStoreError */
  async find(id: string): Promise<Found> {
    return this.judge(await this.#store.read(id));
  }

  /** What a record that was read is. */
  judge(record: SessionRecord | null): Found {
    if (record === null) return GONE;
    const parsed = this.#parse(record.payload);
    if (parsed.kind === 'session') return { kind: 'record', record, payload: parsed.payload };
    return parsed.kind === 'moved' ? { kind: 'moved', to: parsed.to, version: record.version } : GONE;
  }

  #parse(text: string): ParsedPayload {
    const parsed = parsePayload(text, this.#serializer);
    if (parsed.kind === 'corrupt') {
      this.#log.warn(
        'A session record could not be read: it counts as absent. ' +
          "Was the option 'serializer' changed, or does something else write to the store?",
      );
    }
    return parsed;
  }
}
