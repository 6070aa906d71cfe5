const SHARD_COUNT = 256;
/** Ids that the package makes are so long, and random all over: every fifth character tells as much as all of them. */
const RANDOM_LENGTH = 43;
const RANDOM_STEP = 5;

/**
 * A map made of many small ones. A single Map moves all its entries at once each time it grows or shrinks: 20 ms for a million, 100 ms
 * for four, in the middle of somebody's request; and it takes no more than 2^24 (16.8 million). A shard moves only its own.
 */
export class ShardedMap<V> {
  readonly #shards: Map<string, V>[] = Array.from({ length: SHARD_COUNT }, () => new Map<string, V>());

  get(key: string): V | undefined {
    return this.#shardOf(key).get(key);
  }

  set(key: string, value: V): void {
    this.#shardOf(key).set(key, value);
  }

  delete(key: string): void {
    this.#shardOf(key).delete(key);
  }

  /** All values. Those that come or go meanwhile may or may not be among them. */
  *values(): IterableIterator<V> {
    for (const shard of this.#shards) yield* shard.values();
  }

  #shardOf(key: string): Map<string, V> {
    const step = key.length === RANDOM_LENGTH ? RANDOM_STEP : 1;
    let hash = 0;
    for (let index = 0; index < key.length; index += step)
      hash = (Math.imul(hash, 31) + key.charCodeAt(index)) | 0;
    const shard = this.#shards[(hash ^ (hash >>> 15)) & (SHARD_COUNT - 1)];
    if (shard === undefined) throw new RangeError('The number of a shard is out of range.');
    return shard;
  }
}
