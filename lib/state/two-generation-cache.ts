interface Entry<V> {
  readonly key: string;
  readonly value: V;
}

/**
 * Values by key, of which those are forgotten that were not asked for lately. Kept in two generations: when the younger one is
 * full, the older one is forgotten as a whole.
 */
export class TwoGenerationCache<V> {
  readonly #half: number;
  #recent = new Map<string, Entry<V>>();
  #older = new Map<string, Entry<V>>();

  /** @param half how many keys a generation holds; up to twice as many are remembered */
  constructor(half: number) {
    this.#half = half;
  }

  /** The value of a key, or undefined where it was not seen lately. */
  get(key: string): V | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent.value;
    const older = this.#older.get(key);
    // By the key that it was set with: the one that was asked for may be cut from something.
    if (older !== undefined) this.set(older.key, older.value);
    return older?.value;
  }

  /** @param key has to stand on its own (`ownText`): what it was cut from would be kept alive with it */
  set(key: string, value: V): void {
    if (this.#recent.size >= this.#half) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, { key, value });
  }
}
