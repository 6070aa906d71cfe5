import { describe, expect, it } from 'vitest';
import { ServerRing } from '../../../lib/drivers/memcached/server-ring.js';

const keys = Array.from({ length: 10_000 }, (_, index) => `session:${index}`);
const ringOf = (...names: string[]) => {
  const ring = new ServerRing(names.map((name) => ({ name })));
  return { serverOf: (key: string): string => ring.serverOf(key).name };
};

describe('consistent hashing', () => {
  it('spreads keys over the servers evenly', () => {
    const ring = ringOf('a:11211', 'b:11211', 'c:11211', 'd:11211');
    const counts = new Map<string, number>();
    for (const key of keys) counts.set(ring.serverOf(key), (counts.get(ring.serverOf(key)) ?? 0) + 1);
    expect(counts.size).toBe(4);
    for (const count of counts.values()) {
      expect(count).toBeGreaterThan(1_900);
      expect(count).toBeLessThan(3_100);
    }
  });

  it('does not depend on the order of the servers', () => {
    const [one, other] = [ringOf('a:1', 'b:1', 'c:1'), ringOf('c:1', 'a:1', 'b:1')];
    for (const key of keys) expect(one.serverOf(key)).toBe(other.serverOf(key));
  });

  it('moves about a quarter of the keys to an added fourth server, and no others', () => {
    const [three, four] = [ringOf('a:1', 'b:1', 'c:1'), ringOf('a:1', 'b:1', 'c:1', 'd:1')];
    const moved = keys.filter((key) => three.serverOf(key) !== four.serverOf(key));
    expect(moved.length).toBeGreaterThan(1_500);
    expect(moved.length).toBeLessThan(3_500);
    for (const key of moved) expect(four.serverOf(key)).toBe('d:1');
  });
});
