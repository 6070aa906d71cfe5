import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Hmac } from '../../lib/crypto/hmac.js';

const BLOCK = 64;

describe('HMAC-SHA256', () => {
  it('equals what Node computes, for keys and messages of every length, and repeatedly with one key', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: BLOCK }),
        fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 }),
        (key, messages) => {
          const hmac = new Hmac(key);
          for (const message of messages) {
            const expected = createHmac('sha256', key).update(message).digest('base64url');
            expect(hmac.of(message, 'base64url')).toBe(expected);
            const withOne = createHmac('sha256', key)
              .update(message)
              .update(Buffer.from([1]))
              .digest('binary');
            expect(hmac.of(message, 'binary', 1)).toBe(withOne);
          }
        },
      ),
    );
  });

  it('refuses a key that would have to be hashed first', () => {
    expect(() => new Hmac(new Uint8Array(BLOCK + 1))).toThrow('must fit into one block');
  });
});
