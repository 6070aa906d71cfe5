import type { SessionRecord } from '../drivers/driver.js';
import { packRecord, unpackRecord } from '../drivers/packed-record.js';
import { textHash } from '../drivers/text-hash.js';
import { isObject } from '../state/values.js';

/** The format of stored records. Other formats are not read. */
const FORMAT = 1;

/** Ids as the package generates them, which are valid names in any store. */
const PLAIN_ID = /^[\w-]{43}$/;

/** Text that every store returns unchanged, whatever its encoding and collation. */
const PLAIN_TEXT = /^[\n\x20-\x7e]*$/;

/**
 * A record as kept in a store that was made for other things: packed, either verbatim or as base64 of its
 * UTF-8.
 */
export interface KeptRecord {
  readonly format: number;
  readonly record: string | { readonly base64: string };
}

/** The name of a record in a store: the id, or its hash for an unusual id (a path, 500 characters, any letters). */
export function keptName(id: string): string {
  return PLAIN_ID.test(id) ? id : textHash(id);
}

/** Packs a record; as base64 if it contains anything but printable ASCII, which such a store might change. */
export function keptRecord(record: SessionRecord): KeptRecord {
  const packed = packRecord(record);
  const isPlain = PLAIN_TEXT.test(packed);
  return { format: FORMAT, record: isPlain ? packed : { base64: Buffer.from(packed).toString('base64') } };
}

/** The record in a value that a store returned; null if there is none. */
export function recordIn(kept: unknown): SessionRecord | null {
  if (!isObject(kept) || kept['format'] !== FORMAT) return null;
  const { record } = kept;
  if (typeof record === 'string') return unpackRecord(record);
  const base64 = isObject(record) ? record['base64'] : undefined;
  return typeof base64 === 'string' ? unpackRecord(Buffer.from(base64, 'base64').toString()) : null;
}
