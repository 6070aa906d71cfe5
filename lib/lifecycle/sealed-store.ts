import type { Keyring } from '../crypto/keyring.js';
import type { SessionRecord } from '../drivers/driver.js';
import { bytesOf, textOf } from '../drivers/payload-bytes.js';
import { payloadStore } from '../drivers/payload-store.js';
import type { RecordStore } from './record-store.js';

/** Stands between the id and the payload in what is sealed. */
const END_OF_ID = '\n';

/** What no serializer makes a session of. */
const UNREADABLE = '';

/**
 * A store that gets payloads to see in sealed form only (AES-256-GCM), each bound to its id: one that was copied to another id, or
 * was not sealed by this application, counts as unreadable. The other fields stay as they are: stores find records by them.
 */
export function sealedStore(store: RecordStore, keyring: Keyring): RecordStore {
  const opened = <R extends SessionRecord>(id: string, record: R): R => {
    const bytes = keyring.open(record.payload);
    const text = bytes === null ? null : textOf(bytes);
    const isOfId = text?.startsWith(id + END_OF_ID) === true;
    return { ...record, payload: isOfId ? text.slice(id.length + END_OF_ID.length) : UNREADABLE };
  };
  const sealed = (id: string, record: SessionRecord): SessionRecord => ({
    ...record,
    payload: keyring.seal(bytesOf(id + END_OF_ID + record.payload)),
  });
  return payloadStore(store, { opened, sealed });
}
