import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ShardedMap } from '../../../lib/drivers/memory/sharded-map.js';

const COUNT = 100_000;

/** The most keys in any shard. Values come back shard by shard, in insertion order within each. */
function largestShard(map: ShardedMap<number>): number {
  let [largest, run, last] = [0, 0, Infinity];
  for (const number of map.values()) {
    run = number > last ? run + 1 : 1;
    largest = Math.max(largest, run);
    last = number;
  }
  return largest;
}

describe('ShardedMap', () => {
  it.each<[string, (at: number) => string]>([
    ['random ones', () => randomBytes(32).toString('base64url')],
    ['those that begin alike', (at) => `the-session-of-the-user-with-the-number-${at}`],
    ['those that end alike', (at) => `${at}-is-the-number-of-the-user-of-this-session`],
    ['those that differ in the middle', (at) => `session-${String(at).padStart(8, '0')}-of-this-shop`],
    ['short ones', (at) => at.toString(36)],
  ])(
    'spreads keys so that no shard grows large enough to delay a request when it is resized: %s',
    (_what, keyOf) => {
      const map = new ShardedMap<number>();
      for (let at = 0; at < COUNT; at += 1) map.set(keyOf(at), at);
      expect(largestShard(map)).toBeLessThan(COUNT / 50);
    },
  );
});
