/** How many characters at the end of a text it is looked up by: 128 bits are 22. */
const END = 24;

interface Known<V> {
  readonly text: string;
  readonly value: V;
}

/**
 * Remembers what texts stand for that cost something to read: a token (a signature, a decryption), a payload (a parse). A
 * visitor's requests bring the same ones again. Only what was found to be ours is remembered, so a stranger cannot fill
 * it, and a lookup by hash tells nothing about how much of a forged token is right.
 *
 * A text is looked up by its end, the part that a signature, an authentication tag or a writer's mark makes its own, and
 * compared as a whole: hashing all of a session would cost more than the comparison.
 *
 * Kept in two generations: when the younger one is full, the older one is forgotten as a whole.
 */
export class RecentTexts<V> {
  readonly #half: number;
  #recent = new Map<string, Known<V>>();
  #older = new Map<string, Known<V>>();

  /** @param half how many texts a generation holds; up to twice as many are remembered */
  constructor(half: number) {
    this.#half = half;
  }

  /** What a text stands for, or undefined where it was not seen lately. */
  get(text: string): V | undefined {
    const end = text.slice(-END);
    const recent = this.#recent.get(end);
    if (recent?.text === text) return recent.value;
    const older = this.#older.get(end);
    if (older?.text !== text) return undefined;
    this.#keep(end, older);
    return older.value;
  }

  /**
   * @param text has to stand on its own (`ownText`): what it was cut from would be kept alive with it
   * @param value may not point into anything of a request either
   */
  add(text: string, value: V): void {
    this.#keep(text.slice(-END), { text, value });
  }

  #keep(end: string, known: Known<V>): void {
    if (this.#recent.size >= this.#half) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(end, known);
  }
}
