import { isUtf8 } from 'node:buffer';
import { open, readFile } from 'node:fs/promises';
import type { SessionRecord } from '../driver.js';
import { packedPlaces, unpackRecord } from '../packed-record.js';
import { unless } from './file-system.js';

const { start, end } = packedPlaces.expiresAt;
const digits = /^[0-9]+$/;

/** Reads the record in a file, expired or not. Null if there is no file, or it cannot be understood. */
export async function readRecord(path: string): Promise<SessionRecord | null> {
  const bytes = await unless(['ENOENT'], readFile(path));
  return bytes !== undefined && isUtf8(bytes) ? unpackRecord(bytes.toString('utf8')) : null;
}

/**
 * Reads when the record in a file expires, in epoch milliseconds, without the rest. Undefined if there is no
 * file or no such number in it.
 */
export async function readExpiry(path: string): Promise<number | undefined> {
  const file = await unless(['ENOENT'], open(path, 'r'));
  if (file === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end), 0, end, 0);
    const text = buffer.toString('latin1', start, end);
    return bytesRead === end && digits.test(text) ? Number(text) : undefined;
  } finally {
    await file.close();
  }
}
