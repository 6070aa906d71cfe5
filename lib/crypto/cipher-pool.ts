import { type CipherGCM, type CipherKey, createCipheriv, createSecretKey, randomFillSync } from 'node:crypto';
import type { Hmac } from './hmac.js';

/** The length of the authentication tag that follows each message. */
export const TAG_BYTES = 16;

/** AES in Galois/Counter Mode (NIST SP 800-38D) with keys of 256 bits. */
export const CIPHER = 'aes-256-gcm';

/** Options of ciphers and deciphers; `encoding` is that of the key. */
export const CIPHER_OPTIONS = { authTagLength: TAG_BYTES, encoding: 'latin1' } as const;

/** The length of the salt that precedes each message, and gives it a key of its own. */
export const SALT_BYTES = 16;

const NONCE_BYTES = 12;
/** The counter of HKDF-Expand's first block. */
const FIRST_BLOCK = 1;

/** How many ciphers are created at a time. */
const BATCH = 16;

/** How many random salts are drawn at a time: the call takes longer than generating them. */
const SALTS = 256;

/** The cipher for one message only. */
interface FreshCipher {
  /** Key and nonce are derived from it and the secret. */
  readonly salt: Buffer;
  readonly cipher: CipherGCM;
}

/**
 * A pool of ciphers, each with its own key, derived by one HKDF-Expand step over a random 128-bit salt. No
 * key is expected to repeat before some 2^64 messages.
 *
 * Ciphers are created in batches, ahead of need. Each takes five calls into OpenSSL. Made one at a time,
 * between the other work of a request, these calls take three times as long, because the CPU caches no longer
 * hold their code.
 */
export class CipherPool {
  readonly #sealing: Hmac;
  readonly #associated: Buffer | null;
  readonly #ready: FreshCipher[] = [];
  #salts = Buffer.alloc(0);

  /** @param associated associated data authenticated with each message; null if the caller of `take` sets it */
  constructor(sealing: Hmac, associated: Buffer | null) {
    this.#sealing = sealing;
    this.#associated = associated;
  }

  /** Returns a cipher that is never returned again. */
  take(): FreshCipher {
    const ready = this.#ready.pop();
    if (ready !== undefined) return ready;
    for (let made = 1; made < BATCH; made += 1) this.#ready.push(this.#make());
    return this.#make();
  }

  #make(): FreshCipher {
    const salt = this.#drawSalt();
    const { key, nonce } = messageKey(this.#sealing, salt);
    const cipher = createCipheriv(CIPHER, key, nonce, CIPHER_OPTIONS);
    if (this.#associated !== null) cipher.setAAD(this.#associated);
    return { salt, cipher };
  }

  #drawSalt(): Buffer {
    if (this.#salts.length === 0) {
      this.#salts = randomFillSync(Buffer.allocUnsafeSlow(SALT_BYTES * SALTS));
    }
    const salt = this.#salts.subarray(0, SALT_BYTES);
    this.#salts = this.#salts.subarray(SALT_BYTES);
    return salt;
  }
}

/**
 * Derives the key of a message: the first block of HKDF-Expand (RFC 5869, 2.3) with SHA-256. A nonce only has
 * to differ between messages with the same key, and each key has one message, so the salt also serves as
 * nonce.
 */
export function messageKey(sealing: Hmac, salt: Buffer): { key: CipherKey; nonce: Buffer } {
  return { key: toKey(sealing.of(salt, 'binary', FIRST_BLOCK)), nonce: salt.subarray(0, NONCE_BYTES) };
}

/**
 * Converts a string of 32 characters, one per byte, to a key: Node accepts a string in half the time of a
 * KeyObject, and Node 24 in a tenth of the time of a buffer.
 *
 * @param isTaken whether this version of Node accepts such a string
 */
export function toKey(text: string, isTaken = TAKES_TEXT): CipherKey {
  return isTaken ? text : createSecretKey(text, 'latin1');
}

/**
 * Tests whether Node accepts strings that are not UTF-8 as keys, which is not documented. Read as UTF-8 this
 * key would have 64 bytes, and be refused.
 */
function takesText(): boolean {
  try {
    createCipheriv(CIPHER, '\xff'.repeat(32), Buffer.alloc(NONCE_BYTES), CIPHER_OPTIONS);
    return true;
  } catch {
    return false;
  }
}

const TAKES_TEXT = takesText();
