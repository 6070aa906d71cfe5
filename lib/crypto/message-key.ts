import { type CipherKey, createCipheriv, createSecretKey } from 'node:crypto';
import type { Hmac } from './hmac.js';

/** What stands behind each message, and shows that it is ours to the last bit. */
export const TAG_BYTES = 16;

/** AES in Galois/Counter Mode (NIST SP 800-38D) with keys of 256 bits. */
export const CIPHER = 'aes-256-gcm';

/** What a cipher or decipher is made with: the encoding is that of its key. */
export const CIPHER_OPTIONS = { authTagLength: TAG_BYTES, encoding: 'latin1' } as const;

/** What stands in front of each message, and makes its key one of its own. */
export const SALT_BYTES = 16;

const NONCE_BYTES = 12;
/** The counter of HKDF-Expand's first block. */
const FIRST_BLOCK = 1;

/**
 * The key of a message: the first block of HKDF-Expand (RFC 5869, 2.3) with SHA-256. The nonce only has to differ between
 * messages of one key, of which there is one; so the salt serves as nonce too.
 */
export function messageKey(sealing: Hmac, salt: Buffer): { key: CipherKey; nonce: Buffer } {
  return { key: toKey(sealing.of(salt, 'binary', FIRST_BLOCK)), nonce: salt.subarray(0, NONCE_BYTES) };
}

/**
 * A key of 32 characters that stand for a byte each: Node takes it in half the time of a KeyObject, and Node 24 in a
 * tenth of that of a buffer.
 *
 * @param isTaken whether this Node takes it
 */
export function toKey(text: string, isTaken = TAKES_TEXT): CipherKey {
  return isTaken ? text : createSecretKey(text, 'latin1');
}

/** That text may be something else than UTF-8 is not documented, so Node is asked. UTF-8 would be 64 bytes: refused. */
function takesText(): boolean {
  try {
    createCipheriv(CIPHER, '\xff'.repeat(32), Buffer.alloc(NONCE_BYTES), CIPHER_OPTIONS);
    return true;
  } catch {
    return false;
  }
}

const TAKES_TEXT = takesText();
