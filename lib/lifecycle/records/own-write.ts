import { randomBytes } from 'node:crypto';
import type { SessionRecord } from '../../drivers/driver.js';
import type { RecordStore } from '../../drivers/record-store.js';

const PROCESS = randomBytes(6).toString('base64url');
let writes = 0;

/**
 * An id that no other write has, for the payload of a record: a writer that finds it in the store knows that its write arrived,
 * although the answer did not.
 */
export function nextWriterId(): string {
  writes += 1;
  return `${PROCESS}${writes.toString(36)}`;
}

/** Writes a record, and finds out whether a write that was refused is its own. */
export async function writeOwn(store: RecordStore, id: string, record: SessionRecord): Promise<boolean> {
  return (await store.write(id, record)) || isOwn(await store.read(id), record);
}

/**
 * Whether what is stored is the very record that was to be written: a client that repeats a command after a broken
 * connection hears "somebody was first" about what it wrote itself. No other write has the same text: its writer's id is in it.
 */
export function isOwn(stored: SessionRecord | null, record: SessionRecord): boolean {
  return stored?.payload === record.payload;
}
