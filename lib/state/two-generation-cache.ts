interface Entry<V> {
  readonly key: string;
  readonly value: V;
}

/**
 * A cache that evicts values not used recently. It has two generations: when the younger one is full, the
 * older one is dropped as a whole.
 */
export class TwoGenerationCache<V> {
  readonly #half: number;
  #recent = new Map<string, Entry<V>>();
  #older = new Map<string, Entry<V>>();

  /** @param half how many keys a generation holds; up to twice as many are cached */
  constructor(half: number) {
    this.#half = half;
  }

  /** The value of a key, or undefined if the key was not used recently. */
  get(key: string): V | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent.value;
    const older = this.#older.get(key);
    // Uses the key that it was set with: the requested key may be a slice of another string.
    if (older !== undefined) this.set(older.key, older.value);
    return older?.value;
  }

  /** @param key has to be a copy (`ownText`): a slice would keep the string it was cut from alive */
  set(key: string, value: V): void {
    if (this.#recent.size >= this.#half) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, { key, value });
  }
}
