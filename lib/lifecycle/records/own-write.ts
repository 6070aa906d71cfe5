import { randomBytes } from 'node:crypto';
import type { SessionRecord } from '../../drivers/driver.js';
import type { RecordStore } from '../../drivers/record-store.js';

const PROCESS = randomBytes(6).toString('base64url');
let writes = 0;

/**
 * A unique id for the payload of a written record. A writer that finds its id in the store knows that its
 * write arrived even though the answer did not.
 */
export function nextWriterId(): string {
  writes += 1;
  return `${PROCESS}${writes.toString(36)}`;
}

/** Writes a record. If the store refuses the write, checks whether the stored record is already this one. */
export async function writeOwn(store: RecordStore, id: string, record: SessionRecord): Promise<boolean> {
  return (await store.write(id, record)) || isOwn(await store.read(id), record);
}

/**
 * Whether the stored record is the one that was to be written. A client that repeats a command after a broken
 * connection hears that somebody else was first, about its own write. No other write has the same payload,
 * since it contains the writer's id.
 */
export function isOwn(stored: SessionRecord | null, record: SessionRecord): boolean {
  return stored?.payload === record.payload;
}
