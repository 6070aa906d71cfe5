import type { SessionRecord } from '../driver.js';

/** expiresAt and lastActivity as 48-bit milliseconds, version as 32 bits, the lengths of three optional texts. */
const HEADER_BYTES = 6 + 6 + 4 + 3 * 2;
const ABSENT = 0xffff;
/** The longest text whose length fits into its field. */
const MAX_TEXT_BYTES = ABSENT - 1;

/**
 * Converts a record to bytes: a cookie has no room for field names, nor for numbers as text (as in
 * `packed-record.ts`).
 */
export function bytesOfRecord(record: SessionRecord): Buffer {
  const { payload, userId, ipAddress, userAgent } = record;
  const lengths: number[] = [];
  const present: Buffer[] = [];
  for (const text of [userId, ipAddress, userAgent]) {
    const bytes = text === null ? null : Buffer.from(text).subarray(0, MAX_TEXT_BYTES);
    lengths.push(bytes === null ? ABSENT : bytes.length);
    if (bytes !== null) present.push(bytes);
  }
  const texts = Buffer.concat(present);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + texts.length + Buffer.byteLength(payload));
  bytes.writeUIntBE(record.expiresAt, 0, 6);
  bytes.writeUIntBE(record.lastActivity, 6, 6);
  bytes.writeUInt32BE(record.version, 12);
  for (const [index, length] of lengths.entries()) bytes.writeUInt16BE(length, 16 + index * 2);
  bytes.set(texts, HEADER_BYTES);
  bytes.write(payload, HEADER_BYTES + texts.length);
  return bytes;
}

/** Reads the record that `bytesOfRecord` wrote. Null if there are too few bytes. */
export function recordOfBytes(bytes: Buffer): SessionRecord | null {
  if (bytes.length < HEADER_BYTES) return null;
  let offset = HEADER_BYTES;
  const text = (index: number): string | null => {
    const length = bytes.readUInt16BE(16 + index * 2);
    if (length === ABSENT) return null;
    offset += length;
    return bytes.toString('utf8', offset - length, offset);
  };
  const userId = text(0);
  const ipAddress = text(1);
  const userAgent = text(2);
  return {
    payload: bytes.toString('utf8', offset),
    expiresAt: bytes.readUIntBE(0, 6),
    version: bytes.readUInt32BE(12),
    lastActivity: bytes.readUIntBE(6, 6),
    userId,
    ipAddress,
    userAgent,
  };
}
