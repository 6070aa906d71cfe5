import { type CipherGCM, type KeyObject, createCipheriv, createSecretKey, randomFillSync } from 'node:crypto';
import type { Hmac } from './hmac.js';

/** AES in Galois/Counter Mode (NIST SP 800-38D) with keys of 256 bits. */
export const CIPHER = 'aes-256-gcm';

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
export interface FreshCipher {
  /** Whoever has the secret finds key and nonce by it. */
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
export class CipherSupply {
  readonly #sealing: Hmac;
  readonly #associated: Buffer;
  readonly #ready: FreshCipher[] = [];
  #salts = Buffer.alloc(0);

  /** @param associated what is authenticated along with each message */
  constructor(sealing: Hmac, associated: Buffer) {
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
    const cipher = createCipheriv(CIPHER, key, nonce);
    cipher.setAAD(this.#associated);
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
export function messageKey(sealing: Hmac, salt: Buffer): { key: KeyObject; nonce: Buffer } {
  return {
    // A KeyObject and not the bytes: Node 24 takes four times as long to begin with a key in a buffer.
    key: createSecretKey(sealing.of(salt, FIRST_BLOCK)),
    nonce: salt.subarray(0, NONCE_BYTES),
  };
}
