import { createDecipheriv } from 'node:crypto';
import { CIPHER, CIPHER_OPTIONS, CipherPool, SALT_BYTES, TAG_BYTES, messageKey } from './cipher-pool.js';
import type { Hmac, Keys } from './hmac.js';

/** An opened message. */
export interface Opened {
  readonly plain: Buffer;
  /** The index of the key that opened it: 0 for the newest. */
  readonly key: number;
}

/**
 * Encrypts with AES-256-GCM (NIST SP 800-38D) and a separate key for each message. A sealed message is a
 * random salt, the encrypted bytes and the tag. The first key seals, all of them open.
 */
export class Sealer {
  readonly #keys: Keys;
  readonly #ciphers: CipherPool;

  /** @param associated associated data to seal with every message; null if it is passed for each message */
  constructor(keys: Keys, associated: Buffer | null) {
    this.#keys = keys;
    this.#ciphers = new CipherPool(keys[0], associated);
  }

  /**
   * Returns the sealed message in base64url.
   *
   * @param associated associated data, if it is not the same for every message
   */
  seal(plain: Buffer, associated?: Buffer): string {
    const { salt, cipher } = this.#ciphers.take();
    if (associated !== undefined) cipher.setAAD(associated);
    const body = cipher.update(plain);
    cipher.final();
    const sealed = Buffer.allocUnsafe(SALT_BYTES + body.length + TAG_BYTES);
    sealed.set(salt);
    sealed.set(body, SALT_BYTES);
    sealed.set(cipher.getAuthTag(), SALT_BYTES + body.length);
    return sealed.toString('base64url');
  }

  /**
   * Returns null if the message is not ours, was modified, or was sealed with other associated data. Never
   * throws.
   */
  open(text: string, associated: Buffer): Opened | null {
    const sealed = strictBytes(text);
    if (sealed === null || sealed.length <= SALT_BYTES + TAG_BYTES) return null;
    for (const [key, sealing] of this.#keys.entries()) {
      const plain = decrypt(sealed, sealing, associated);
      if (plain !== null) return { plain, key };
    }
    return null;
  }
}

function decrypt(sealed: Buffer, sealing: Hmac, associated: Buffer): Buffer | null {
  const { key, nonce } = messageKey(sealing, sealed.subarray(0, SALT_BYTES));
  const decipher = createDecipheriv(CIPHER, key, nonce, CIPHER_OPTIONS);
  decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const plain = decipher.update(sealed.subarray(SALT_BYTES, -TAG_BYTES));
  try {
    decipher.final();
    return plain;
  } catch {
    // The tag does not match: final() can fail for no other reason here.
    return null;
  }
}

/**
 * Decodes base64url, but only the canonical encoding. Null for any other text: Node's decoder ignores foreign
 * characters and spare bits.
 */
function strictBytes(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
}
