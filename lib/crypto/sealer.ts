import { createDecipheriv } from 'node:crypto';
import { CIPHER, CIPHER_OPTIONS, CipherPool, SALT_BYTES, TAG_BYTES, messageKey } from './cipher-pool.js';
import type { Hmac } from './hmac.js';

/** What a sealed message was found to be. */
export interface Opened {
  readonly plain: Buffer;
  /** Which key opened it: 0 for the newest. */
  readonly key: number;
}

/**
 * Encrypts with AES-256-GCM (NIST SP 800-38D) and a key of its own for each message. A sealed message is a random salt, the
 * encrypted bytes and the tag. The first key seals, all of them open.
 */
export class Sealer {
  readonly #keys: readonly Hmac[];
  readonly #associated: Buffer | null;
  readonly #ciphers: CipherPool;

  /**
   * @param keys the newest first
   * @param associated what is authenticated along with every message; null: each message says it itself
   */
  constructor(keys: readonly Hmac[], associated: Buffer | null) {
    const [newest] = keys;
    if (newest === undefined) throw new RangeError('A sealer needs at least one key.');
    this.#keys = keys;
    this.#associated = associated;
    this.#ciphers = new CipherPool(newest, associated);
  }

  /** @param associated where it is not the same for every message */
  seal(plain: Buffer, associated?: Buffer): Buffer {
    const { salt, cipher } = this.#ciphers.take();
    if (associated !== undefined) cipher.setAAD(associated);
    const body = cipher.update(plain);
    cipher.final();
    const sealed = Buffer.allocUnsafe(SALT_BYTES + body.length + TAG_BYTES);
    sealed.set(salt);
    sealed.set(body, SALT_BYTES);
    sealed.set(cipher.getAuthTag(), SALT_BYTES + body.length);
    return sealed;
  }

  /** Null where it is not ours to the last bit, or was sealed with something else associated. Never throws. */
  open(sealed: Buffer, associated: Buffer | null = this.#associated): Opened | null {
    if (sealed.length <= SALT_BYTES + TAG_BYTES) return null;
    for (const [key, sealing] of this.#keys.entries()) {
      const plain = decrypt(sealed, sealing, associated);
      if (plain !== null) return { plain, key };
    }
    return null;
  }
}

function decrypt(sealed: Buffer, sealing: Hmac, associated: Buffer | null): Buffer | null {
  const { key, nonce } = messageKey(sealing, sealed.subarray(0, SALT_BYTES));
  const decipher = createDecipheriv(CIPHER, key, nonce, CIPHER_OPTIONS);
  if (associated !== null) decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const plain = decipher.update(sealed.subarray(SALT_BYTES, -TAG_BYTES));
  try {
    decipher.final();
    return plain;
  } catch {
    // The tag does not fit: the only thing that final() can find wrong here.
    return null;
  }
}

/** The bytes of a text of base64url in its one spelling. Null for any other: the decoder forgives foreign characters and spare bits. */
export function strictBytes(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
}
