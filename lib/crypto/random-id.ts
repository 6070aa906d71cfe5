import { randomFillSync } from 'node:crypto';

const ID_BYTES = 32;

/** Random bytes for a hundred ids per system call. */
const POOL = Buffer.allocUnsafe(ID_BYTES * 128);
let used = POOL.length;

/**
 * Generates a session id: 256 random bits as 43 characters of base64url, four times what OWASP asks for
 * (Session Management Cheat Sheet, "Session ID Entropy").
 */
export function randomId(): string {
  if (used === POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  used += ID_BYTES;
  return POOL.toString('base64url', used - ID_BYTES, used);
}
