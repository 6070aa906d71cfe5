import type { SessionRecord } from '../drivers/driver.js';
import { packRecord, unpackRecord } from '../drivers/packed-record.js';
import { textHash } from '../drivers/text-hash.js';
import { isObject } from '../state/values.js';

/** The format of what is kept. Another one is not read. */
const FORMAT = 1;

/** Session ids as the package makes them: good names in any store. */
const PLAIN_ID = /^[\w-]{43}$/;

/** Text that every store brings back as it was, whatever its encoding and collation. */
const PLAIN_TEXT = /^[\n\x20-\x7e]*$/;

/** A record as it is kept in a store that was made for other things: packed, as it is or as base64 of its UTF-8. */
export interface KeptRecord {
  readonly format: number;
  readonly record: string | { readonly base64: string };
}

/** The name of a record in a store: of an id that is no ordinary one (a path, 500 characters, any letters) its hash. */
export function keptName(id: string): string {
  return PLAIN_ID.test(id) ? id : textHash(id);
}

/** Packs a record; what such a store might not keep as it is (other than printable ASCII) as base64. */
export function keptRecord(record: SessionRecord): KeptRecord {
  const packed = packRecord(record);
  const isPlain = PLAIN_TEXT.test(packed);
  return { format: FORMAT, record: isPlain ? packed : { base64: Buffer.from(packed).toString('base64') } };
}

/** The record in what a store gave back; null where that is none. */
export function recordIn(kept: unknown): SessionRecord | null {
  if (!isObject(kept) || kept['format'] !== FORMAT) return null;
  const { record } = kept;
  if (typeof record === 'string') return unpackRecord(record);
  const base64 = isObject(record) ? record['base64'] : undefined;
  return typeof base64 === 'string' ? unpackRecord(Buffer.from(base64, 'base64').toString()) : null;
}
