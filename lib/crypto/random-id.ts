import { randomFillSync } from 'node:crypto';

const ID_BYTES = 32;
const POOL = Buffer.allocUnsafe(ID_BYTES * 128);
let used = POOL.length;

/** Random bytes out of a pool: one system call for a hundred of them. The slice is valid until the caller's next turn. */
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
 * A new session id: 256 random bits as 43 characters of base64url, four times what OWASP asks for
 * (Session Management Cheat Sheet, "Session ID Entropy").
 */
export function randomId(): string {
  return randomSlice(ID_BYTES).toString('base64url');
}
