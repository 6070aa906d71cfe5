import { type CipherGCM, type CipherKey, createCipheriv, createSecretKey, randomFillSync } from 'node:crypto';
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

/** How many ciphers are made at a time. */
const BATCH = 16;

/** How many random salts are drawn at a time: asking for them takes longer than making them. */
const SALTS = 256;

/** What one message is encrypted with, and never another one. */
interface FreshCipher {
  /** Key and nonce are derived from it and the secret. */
  readonly salt: Buffer;
  readonly cipher: CipherGCM;
}

/**
 * Ciphers with a key of their own each: one HKDF-Expand step over a random 128-bit salt yields it. No key comes twice
 * before some 2^64 messages.
 *
 * Made several at a time, ahead of need: to begin with a new key takes five calls into OpenSSL, and between the other
 * work of a request, when the processor has forgotten all of them, they take three times as long as in a row.
 */
export class CipherPool {
  readonly #sealing: Hmac;
  readonly #associated: Buffer | null;
  readonly #ready: FreshCipher[] = [];
  #salts = Buffer.alloc(0);

  /** @param associated what is authenticated along with each message; null: whoever takes a cipher tells it */
  constructor(sealing: Hmac, associated: Buffer | null) {
    this.#sealing = sealing;
    this.#associated = associated;
  }

  /** Hands out a cipher that nobody else gets. */
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
