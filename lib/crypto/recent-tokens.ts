/**
 * Remembers what tokens stand for that were found to be ours: a visitor sends the same one with each request, and
 * looking it up costs a tenth of computing a signature, or decrypting a session, again. Only what was found to be ours is
 * remembered, so a stranger cannot fill it, and a lookup by hash tells nothing about how much of a forged token is right.
 *
 * Kept in two generations: when the younger one is full, the older one is forgotten as a whole.
 */
export class RecentTokens<V> {
  readonly #half: number;
  #recent = new Map<string, V>();
  #older = new Map<string, V>();

  /** @param half how many tokens a generation holds; up to twice as many are remembered */
  constructor(half: number) {
    this.#half = half;
  }

  /** What a token stands for, or undefined where it was not seen lately. */
  get(token: string): V | undefined {
    const recent = this.#recent.get(token);
    if (recent !== undefined) return recent;
    const older = this.#older.get(token);
    if (older !== undefined) this.add(token, older);
    return older;
  }

  add(token: string, value: V): void {
    if (this.#recent.size >= this.#half) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(token, value);
  }
}
