import { hash, hkdfSync } from 'node:crypto';

/** Block and digest size of SHA-256. */
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

const KEY_BYTES = 32;

/**
 * HMAC-SHA256 with one key (RFC 2104), as two one-shot hashes of Node. `createHmac` returns the same result
 * at more than twice the cost: the native object that it creates for each message costs more than the
 * hashing.
 */
export class Hmac {
  readonly #innerPad = Buffer.alloc(BLOCK_BYTES, 0x36);
  /** The outer pad, followed by room for the inner digest. */
  readonly #outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c);

  /** @param key not longer than a block of the hash, 64 bytes */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_BYTES) throw new RangeError('The key of an HMAC must fit into one block.');
    key.forEach((byte, index) => {
      this.#innerPad[index] = byte ^ 0x36;
      this.#outer[index] = byte ^ 0x5c;
    });
  }

  /**
   * @param encoding the encoding of the 32 bytes that are returned: a string, because Node takes three times
   * as long to return them in a buffer
   * @param last one more byte at the end of the message
   */
  of(message: Uint8Array, encoding: 'base64url' | 'binary', last?: number): string {
    const end = BLOCK_BYTES + message.length;
    const inner = Buffer.allocUnsafe(last === undefined ? end : end + 1);
    inner.set(this.#innerPad);
    inner.set(message, BLOCK_BYTES);
    if (last !== undefined) inner[end] = last;
    this.#outer.write(hash('sha256', inner, 'binary'), BLOCK_BYTES, 'binary');
    return hash('sha256', this.#outer, encoding);
  }
}

/** The secrets of an application, 32 characters or more each (checked by the options). */
export type Secrets = readonly [newest: string, ...older: string[]];

/** The keys of all secrets, for one purpose. */
export type Keys = readonly [newest: Hmac, ...older: Hmac[]];

/**
 * Derives a key from each secret for one purpose (HKDF-SHA256, RFC 5869): a token made for one purpose is not
 * accepted for another.
 */
export function deriveKeys([newest, ...older]: Secrets, purpose: string): Keys {
  const keyOf = (secret: string): Hmac =>
    new Hmac(new Uint8Array(hkdfSync('sha256', secret, 'nestjs-session-kit', purpose, KEY_BYTES)));
  return [keyOf(newest), ...older.map(keyOf)];
}
