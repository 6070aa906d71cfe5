import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Hmac } from '../../lib/crypto/hmac.js';

describe.each([
  { algorithm: 'sha256', block: 64 },
  { algorithm: 'sha512', block: 128 },
] as const)('HMAC with $algorithm', ({ algorithm, block }) => {
  it('is what Node computes, for keys and messages of every length, again and again with one key', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: block }),
        fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 }),
        (key, messages) => {
          const hmac = new Hmac(algorithm, key);
          for (const message of messages) {
            const expected = createHmac(algorithm, key).update(message).digest('hex');
            expect(hmac.of(message).toString('hex')).toBe(expected);
            const withOne = createHmac(algorithm, key)
              .update(message)
              .update(Buffer.from([1]))
              .digest('hex');
            expect(hmac.of(message, 1).toString('hex')).toBe(withOne);
          }
        },
      ),
    );
  });

  it('takes no key that would have to be hashed first', () => {
    expect(() => new Hmac(algorithm, new Uint8Array(block + 1))).toThrow('must fit into one block');
  });
});
