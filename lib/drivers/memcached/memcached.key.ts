import { createHash } from 'node:crypto';

/** What the protocol takes as a key: 250 bytes without spaces and control characters. */
export const longestKeyBytes = 250;

// Ids as this package makes them, and whatever else is plain and leaves room for the prefix.
const plainId = /^[!-~]+$/;
const hashMark = '#';

/**
 * The key of an id. An id that memcached does not take as it is (longer, with spaces, control characters or letters
 * beyond ASCII) is kept under its SHA-256 hash.
 */
export function memcachedKey(prefix: string, id: string): string {
  const isPlain =
    prefix.length + id.length <= longestKeyBytes && plainId.test(id) && !id.startsWith(hashMark);
  if (isPlain) return prefix + id;
  // By UTF-16 code units: half a surrogate pair would be lost in UTF-8.
  return prefix + hashMark + createHash('sha256').update(Buffer.from(id, 'utf16le')).digest('base64url');
}
