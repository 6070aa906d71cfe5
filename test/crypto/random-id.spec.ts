import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { randomId } from '../../lib/crypto/random-id.js';

describe('A random id', () => {
  it('is 256 bits as base64url, and never repeats', () => {
    const ids = Array.from({ length: 5000 }, randomId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[\w-]{43}$/.test(id))).toEqual([]);
  });

  it('uses every bit', () => {
    const ones = Array.from({ length: 256 }, () => 0);
    const rounds = 2000;
    for (let round = 0; round < rounds; round += 1) {
      const bytes = Buffer.from(randomId(), 'base64url');
      for (let bit = 0; bit < 256; bit += 1)
        ones[bit] = (ones[bit] ?? 0) + ((bytes.readUInt8(bit >> 3) >> (bit & 7)) & 1);
    }
    // Eight standard deviations from the mean: a fair bit never gets there in practice.
    const spread = 8 * Math.sqrt(rounds / 4);
    expect(ones.filter((count) => Math.abs(count - rounds / 2) > spread)).toEqual([]);
  });

  it('shares no bytes with another', () => {
    const seen = new Set<string>();
    for (let round = 0; round < 3000; round += 1) {
      const bytes = Buffer.from(randomId(), 'base64url');
      for (const start of [0, 16]) seen.add(bytes.toString('hex', start, start + 16));
    }
    expect(seen.size).toBe(6000);
  });
});
