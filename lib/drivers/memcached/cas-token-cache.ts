/** The state of an item that was read. */
interface KnownState {
  readonly version: number;
  readonly casUnique: string | number;
}

/**
 * Caches the CAS token of each item that was read, so that the write that follows needs no second read. A
 * forgotten token or a changed item costs one more round trip, and nothing else: the server compares. memcache-client
 * returns the token with `gets` and needs it for `cas`, but does not keep it in between.
 */
export class CasTokenCache {
  readonly #max: number;
  readonly #states = new Map<string, KnownState>();

  /** @param max the maximum number of tokens; the oldest are dropped first */
  constructor(max: number) {
    this.#max = max;
  }

  keep(key: string, version: number, casUnique: string | number): void {
    this.#states.delete(key);
    this.#states.set(key, { version, casUnique });
    const [oldest] = this.#states.keys();
    if (this.#states.size > this.#max && oldest !== undefined) this.#states.delete(oldest);
  }

  /** Removes and returns the token of a version; undefined if it is not known. */
  take(key: string, version: number): string | number | undefined {
    const state = this.#states.get(key);
    this.#states.delete(key);
    return state?.version === version ? state.casUnique : undefined;
  }
}
