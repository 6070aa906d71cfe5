import { randomFillSync } from 'node:crypto';

const ID_BYTES = 32;
const POOL = Buffer.allocUnsafe(ID_BYTES * 128);
let used = POOL.length;

/**
 * Takes random bytes from a pool, which is filled for about a hundred ids per system call. Use the slice at
 * once: the pool is refilled in place.
 */
export function randomSlice(bytes: number): Buffer {
  if (used + bytes > POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  const slice = POOL.subarray(used, used + bytes);
  used += bytes;
  return slice;
}

/**
 * Generates a session id: 256 random bits as 43 characters of base64url, four times what OWASP asks for
 * (Session Management Cheat Sheet, "Session ID Entropy").
 */
export function randomId(): string {
  return randomSlice(ID_BYTES).toString('base64url');
}
