/** The state of an item that a read has seen. */
interface KnownState {
  readonly version: number;
  readonly token: string | number;
}

/**
 * Keeps for a while the CAS token of each item that a read has seen, so that the write that follows needs no second look.
 * What is forgotten, or overtaken, costs one round trip more, and nothing else: the server compares.
 */
export class CasTokenCache {
  readonly #max: number;
  readonly #states = new Map<string, KnownState>();

  /** @param max how many at most; the oldest go first */
  constructor(max: number) {
    this.#max = max;
  }

  keep(key: string, version: number, token: string | number): void {
    this.#states.delete(key);
    this.#states.set(key, { version, token });
    const [oldest] = this.#states.keys();
    if (this.#states.size > this.#max && oldest !== undefined) this.#states.delete(oldest);
  }

  /** The token of a version, which is forgotten with that; undefined where it is not known. */
  take(key: string, version: number): string | number | undefined {
    const state = this.#states.get(key);
    this.#states.delete(key);
    return state?.version === version ? state.token : undefined;
  }
}
