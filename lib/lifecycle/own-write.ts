import type { SessionRecord } from '../drivers/driver.js';
import type { RecordStore } from '../drivers/record-store.js';

/** Writes a record, and finds out whether a write that was refused is its own. */
export async function writeOwn(store: RecordStore, id: string, record: SessionRecord): Promise<boolean> {
  return (await store.write(id, record)) || isOwn(await store.read(id), record);
}

/**
 * Whether what is stored is the very record that was to be written: a client that repeats a command after a broken
 * connection hears "somebody was first" about what it wrote itself.
 */
export function isOwn(stored: SessionRecord | null, record: SessionRecord): boolean {
  return stored?.payload === record.payload;
}
