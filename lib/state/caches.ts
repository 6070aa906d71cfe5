import { ownText } from './own-text.js';

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

/** How many characters at its end a text is looked up by: 128 bits are 22. */
const END = 24;

/** Marks a text that was seen only once. */
const SEEN = { text: null, value: null };

/**
 * A cache of tokens, which are expensive to read (a signature, a decryption). A visitor's requests bring the same
 * ones again. Only tokens that were verified to be ours are cached, so a stranger cannot fill the cache, and a hash
 * lookup does not reveal how much of a forged token is right.
 *
 * A text is cached when it is seen for the second time. If every request writes, every request brings a text
 * that never comes again, and caching it would cost more than reading it.
 *
 * A text is looked up by its end, which a signature or an authentication tag makes unique, and
 * then compared as a whole: hashing a whole session would cost more than the comparison.
 */
export class RecentTexts<V> {
  readonly #known: TwoGenerationCache<{ readonly text: string; readonly value: V } | typeof SEEN>;

  /** @param half how many texts are cached at least; twice as many at most */
  constructor(half: number) {
    this.#known = new TwoGenerationCache(half);
  }

  /** The value of a text, or undefined if it was not seen twice recently. */
  get(text: string): V | undefined {
    const known = this.#known.get(text.slice(-END));
    return known !== undefined && known.text === text ? known.value : undefined;
  }

  /**
   * Adds a text. Call this each time a text had to be read.
   *
   * @param text copied when it is kept: it may be a slice of a header, which would be kept alive with it
   * @param value must not reference anything of a request either
   */
  add(text: string, value: V): void {
    const end = text.slice(-END);
    const isSeen = this.#known.get(end) !== undefined;
    this.#known.set(ownText(end), isSeen ? { text: ownText(text), value } : SEEN);
  }
}
