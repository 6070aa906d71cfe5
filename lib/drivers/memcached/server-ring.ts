import { createHash } from 'node:crypto';

const POINTS_PER_SERVER = 160;

interface RingPoint<T> {
  readonly hash: number;
  readonly server: T;
}

function digest(text: string): Buffer {
  return createHash('md5').update(text).digest();
}

/**
 * Consistent hashing: determines which of several servers a key belongs to. When a server is added to n others,
 * one key in n + 1 moves, and only to the new server. memcache-client itself takes several servers for
 * interchangeable, and sends each command to a random one.
 *
 * The points follow ketama (https://github.com/RJ/ketama), like other clients of memcached: 40 MD5 hashes of
 * `<name>-<number>` per server, four points each; a key belongs to the first point at or after its own hash.
 */
export class ServerRing<T extends { readonly name: string }> {
  readonly #points: readonly RingPoint<T>[];

  /** @param servers at least one, named `host:port`. Their order does not matter. */
  constructor(readonly servers: readonly T[]) {
    const points: RingPoint<T>[] = [];
    for (const server of servers) {
      for (let index = 0; index < POINTS_PER_SERVER / 4; index++) {
        const hashes = digest(`${server.name}-${index}`);
        for (let part = 0; part < 4; part++) points.push({ hash: hashes.readUInt32LE(part * 4), server });
      }
    }
    this.#points = points.toSorted((left, right) => left.hash - right.hash);
  }

  serverOf(key: string): T {
    const points = this.#points;
    const [first] = points;
    if (first === undefined) throw new Error('A ring needs at least one server');
    if (this.servers.length === 1) return first.server;
    const hash = digest(key).readUInt32LE(0);
    let [low, high] = [0, points.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((points[middle]?.hash ?? 0) < hash) low = middle + 1;
      else high = middle;
    }
    return (points[low] ?? first).server;
  }
}
