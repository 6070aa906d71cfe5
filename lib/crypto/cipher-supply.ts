import { type CipherGCM, type KeyObject, createCipheriv, createSecretKey, randomFillSync } from 'node:crypto';
import type { Hmac } from './hmac.js';

export const CIPHER = 'aes-256-gcm';
export const SALT_BYTES = 16;

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
/** The counter of HKDF-Expand's first block. */
const FIRST_BLOCK = 1;

/** How many ciphers are made at a time. */
const BATCH = 16;

/** What one message is encrypted with, and never another one. */
export interface FreshCipher {
  /** Whoever has the secret finds key and nonce by it. */
  readonly salt: Buffer;
  readonly cipher: CipherGCM;
}

/**
 * Ciphers with a key of their own each: one HKDF-Expand step over a random 128-bit salt yields key and nonce. No pair of
 * key and nonce comes twice before some 2^64 messages.
 *
 * Made several at a time, ahead of need: to begin with a new key takes five calls into OpenSSL, and between the other
 * work of a request, when the processor has forgotten all of them, they take three times as long as in a row.
 */
export class CipherSupply {
  readonly #sealing: Hmac;
  readonly #associated: Buffer;
  readonly #ready: FreshCipher[] = [];

  /** @param associated what is authenticated along with each message */
  constructor(sealing: Hmac, associated: Buffer) {
    this.#sealing = sealing;
    this.#associated = associated;
  }

  /** Hands out a cipher that nobody else gets. */
  take(): FreshCipher {
    const ready = this.#ready.pop();
    if (ready !== undefined) return ready;
    const salts = randomFillSync(Buffer.allocUnsafeSlow(SALT_BYTES * BATCH));
    for (let made = 1; made < BATCH; made += 1) this.#ready.push(this.#make(salts, made));
    return this.#make(salts, 0);
  }

  #make(salts: Buffer, index: number): FreshCipher {
    const salt = salts.subarray(SALT_BYTES * index, SALT_BYTES * (index + 1));
    const { key, nonce } = messageKey(this.#sealing, salt);
    const cipher = createCipheriv(CIPHER, key, nonce);
    cipher.setAAD(this.#associated);
    return { salt, cipher };
  }
}

/** One block of HKDF-Expand (RFC 5869, 2.3) with SHA-512: 64 bytes, of which key and nonce take 44. */
export function messageKey(sealing: Hmac, salt: Buffer): { key: KeyObject; nonce: Buffer } {
  const material = sealing.of(salt, FIRST_BLOCK);
  return {
    // A KeyObject and not the bytes: Node 24 takes four times as long to begin with a key in a buffer.
    key: createSecretKey(material.subarray(0, KEY_BYTES)),
    nonce: material.subarray(KEY_BYTES, KEY_BYTES + NONCE_BYTES),
  };
}
