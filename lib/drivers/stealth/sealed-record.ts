import type { SessionRecord } from '../driver.js';

/** expiresAt and lastActivity as 48-bit milliseconds, version as 32 bits, the lengths of three optional texts. */
const HEADER_BYTES = 6 + 6 + 4 + 3 * 2;
const ABSENT = 0xffff;
/** The longest text that a length field can name. */
const MAX_TEXT_BYTES = ABSENT - 1;

/** Packs a record into bytes: the cookie has no room for the names of its fields. */
export function packRecord(record: SessionRecord): Buffer {
  const texts = [record.userId, record.ipAddress, record.userAgent].map((text) =>
    text === null ? null : Buffer.from(text).subarray(0, MAX_TEXT_BYTES),
  );
  const payload = Buffer.from(record.payload);
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUIntBE(record.expiresAt, 0, 6);
  header.writeUIntBE(record.lastActivity, 6, 6);
  header.writeUInt32BE(record.version, 12);
  texts.forEach((text, index) => header.writeUInt16BE(text === null ? ABSENT : text.length, 16 + index * 2));
  return Buffer.concat([header, ...texts.filter((text) => text !== null), payload]);
}

/** Unpacks what `packRecord` made. Null where the bytes are too few to be that. */
export function unpackRecord(bytes: Buffer): SessionRecord | null {
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
