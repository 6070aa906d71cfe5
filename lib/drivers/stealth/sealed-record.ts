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
  const userId = bytesOf(record.userId);
  const ipAddress = bytesOf(record.ipAddress);
  const userAgent = bytesOf(record.userAgent);
  const texts = lengthOf(userId) + lengthOf(ipAddress) + lengthOf(userAgent);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + texts + Buffer.byteLength(record.payload));
  bytes.writeUIntBE(record.expiresAt, 0, 6);
  bytes.writeUIntBE(record.lastActivity, 6, 6);
  bytes.writeUInt32BE(record.version, 12);
  let offset = HEADER_BYTES;
  offset = writeText(bytes, userId, 0, offset);
  offset = writeText(bytes, ipAddress, 1, offset);
  offset = writeText(bytes, userAgent, 2, offset);
  bytes.write(record.payload, offset);
  return bytes;
}

function bytesOf(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text).subarray(0, MAX_TEXT_BYTES);
}

function lengthOf(text: Buffer | null): number {
  return text === null ? 0 : text.length;
}

/** @returns where the next text begins */
function writeText(bytes: Buffer, text: Buffer | null, index: number, offset: number): number {
  bytes.writeUInt16BE(text === null ? ABSENT : text.length, 16 + index * 2);
  if (text !== null) bytes.set(text, offset);
  return offset + lengthOf(text);
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
