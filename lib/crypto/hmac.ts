import { hash } from 'node:crypto';

/** Bytes that each hash takes in at a time, and gives. */
const SIZES = { sha256: { block: 64, digest: 32 }, sha512: { block: 128, digest: 64 } } as const;

/**
 * HMAC with one key (RFC 2104), as two one-shot hashes of Node's. `createHmac` gives the same at more than twice the
 * price: the native object that it makes for each message costs more than the hashing.
 */
export class Hmac {
  readonly #algorithm: keyof typeof SIZES;
  readonly #innerPad: Buffer;
  /** The outer pad, and behind it room for the inner digest. */
  readonly #outer: Buffer;

  /** @param key not longer than a block of the hash: 64 bytes for sha256, 128 for sha512 */
  constructor(algorithm: keyof typeof SIZES, key: Uint8Array) {
    const { block, digest } = SIZES[algorithm];
    if (key.length > block) throw new RangeError('The key of an HMAC must fit into one block.');
    this.#algorithm = algorithm;
    this.#innerPad = Buffer.alloc(block, 0x36);
    this.#outer = Buffer.alloc(block + digest, 0x5c);
    key.forEach((byte, index) => {
      this.#innerPad[index] = byte ^ 0x36;
      this.#outer[index] = byte ^ 0x5c;
    });
  }

  /**
   * @param last one more byte to end the message with
   * @returns 32 or 64 bytes
   */
  of(message: Uint8Array, last?: number): Buffer {
    const { length: block } = this.#innerPad;
    const end = block + message.length;
    const inner = Buffer.allocUnsafe(last === undefined ? end : end + 1);
    inner.set(this.#innerPad);
    inner.set(message, block);
    if (last !== undefined) inner[end] = last;
    // As text: Node takes three times as long to hand bytes over in a buffer of their own.
    this.#outer.write(hash(this.#algorithm, inner, 'binary'), block, 'binary');
    return Buffer.from(hash(this.#algorithm, this.#outer, 'binary'), 'binary');
  }
}
