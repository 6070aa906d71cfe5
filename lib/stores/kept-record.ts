import { createHash } from 'node:crypto';
import type { SessionRecord } from '../drivers/driver.js';
import { isObject } from '../options/read-option.js';

/** The format of what is kept. Another one is not read. */
const FORMAT = 1;

/** Session ids as the package makes them: good names in any store. */
const PLAIN_ID = /^[\w-]{43}$/;

/** Text that every store brings back as it was, whatever its encoding and collation. */
const PLAIN_TEXT = /^[\x20-\x7e]*$/;

/** A text as it is kept: as it is, or as base64 of its UTF-8. */
type KeptText = string | { readonly base64: string };

/** A record as it is kept in a store that was made for other things: plain objects, ASCII, numbers. */
export interface KeptRecord {
  readonly format: number;
  readonly payload: KeptText;
  readonly expiresAt: number;
  readonly version: number;
  readonly lastActivity: number;
  readonly userId: KeptText | null;
  readonly ipAddress: KeptText | null;
  readonly userAgent: KeptText | null;
}

/** The name of a record in a store: of an id that is no ordinary one (a path, 500 characters, any letters) its hash. */
export function keptName(id: string): string {
  return PLAIN_ID.test(id) ? id : createHash('sha256').update(Buffer.from(id, 'utf16le')).digest('hex');
}

/** A record as it is kept. */
export function keptRecord(record: SessionRecord): KeptRecord {
  const { payload, expiresAt, version, lastActivity, userId, ipAddress, userAgent } = record;
  return {
    format: FORMAT,
    payload: keptText(payload),
    expiresAt,
    version,
    lastActivity,
    userId: userId === null ? null : keptText(userId),
    ipAddress: ipAddress === null ? null : keptText(ipAddress),
    userAgent: userAgent === null ? null : keptText(userAgent),
  };
}

/** The record in what a store gave back; null where that is none. */
export function recordIn(kept: unknown): SessionRecord | null {
  if (!isObject(kept) || kept['format'] !== FORMAT) return null;
  const payload = textIn(kept['payload']);
  const { expiresAt, version, lastActivity } = kept;
  if (typeof payload !== 'string') return null;
  if (typeof expiresAt !== 'number' || typeof version !== 'number' || typeof lastActivity !== 'number')
    return null;
  return {
    payload,
    expiresAt,
    version,
    lastActivity,
    userId: textIn(kept['userId']),
    ipAddress: textIn(kept['ipAddress']),
    userAgent: textIn(kept['userAgent']),
  };
}

function keptText(text: string): KeptText {
  return PLAIN_TEXT.test(text) ? text : { base64: Buffer.from(text).toString('base64') };
}

function textIn(kept: unknown): string | null {
  if (typeof kept === 'string') return kept;
  const base64 = isObject(kept) ? kept['base64'] : undefined;
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64').toString() : null;
}
