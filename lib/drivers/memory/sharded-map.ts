const SHARD_COUNT = 256;
const SAMPLED_CHARACTERS = 8;

/**
 * A map made of many small ones. A single Map of a million entries stops the process for tens of milliseconds each
 * time it grows or shrinks, as it moves all of them at once; a shard moves only its own.
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
    // Characters from all over the key: ids of an application may all begin or end alike.
    const step = Math.max(1, Math.trunc(key.length / SAMPLED_CHARACTERS));
    let hash = 0;
    for (let index = 0; index < key.length; index += step) hash = Math.imul(hash, 31) + key.charCodeAt(index);
    const shard = this.#shards[(hash ^ (hash >>> 15)) & (SHARD_COUNT - 1)];
    if (shard === undefined) throw new RangeError('The number of a shard is out of range.');
    return shard;
  }
}
