import { createCipheriv } from 'node:crypto';
import { expect, it } from 'vitest';
import { CIPHER, CIPHER_OPTIONS, toKey } from '../../lib/crypto/cipher-pool.js';

const BYTES = Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 37 + 200) % 256));
const NONCE = Buffer.alloc(12, 7);

it.each([
  ['text', true],
  ['an object, where Node does not take text', false],
])('A key passed to Node as %s is the key with these bytes', (_way, isTaken) => {
  const seal = (key: Parameters<typeof createCipheriv>[1]) =>
    createCipheriv(CIPHER, key, NONCE, CIPHER_OPTIONS).update('whatever', 'utf8', 'hex');
  expect(seal(toKey(BYTES.toString('latin1'), isTaken))).toBe(seal(BYTES));
});
