import { TwoGenerationCache } from './two-generation-cache.js';
import { ownText } from './own-text.js';

/** How many characters at its end a text is looked up by: 128 bits are 22. */
const END = 24;

/** Marks a text that was seen only once. */
const SEEN = { text: null, value: null };

/**
 * A cache of texts that are expensive to read: tokens (a signature, a decryption) and payloads (parsing). A
 * visitor's requests bring the same texts again. Only texts that were verified to be ours are cached, so a
 * stranger cannot fill the cache, and a hash lookup does not reveal how much of a forged token is right.
 *
 * A text is cached when it is seen for the second time. If every request writes, every request brings a text
 * that never comes again, and caching it would cost more than reading it.
 *
 * A text is looked up by its end, which a signature, an authentication tag or a writer's id makes unique, and
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
