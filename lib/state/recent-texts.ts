import { TwoGenerationCache } from './two-generation-cache.js';
import { ownText } from './own-text.js';

/** How many characters at the end of a text it is looked up by: 128 bits are 22. */
const END = 24;

/** Of a text that has come only once. */
const SEEN = { text: null, value: null };

/**
 * Remembers what texts stand for that cost something to read: a token (a signature, a decryption), a payload (a parse). A
 * visitor's requests bring the same ones again. Only what was found to be ours is remembered, so a stranger cannot fill
 * it, and a lookup by hash tells nothing about how much of a forged token is right.
 *
 * A text is remembered from its second time on. Where each request writes, each brings another one that never comes
 * again: keeping it, and what was read in it, cost more than reading it.
 *
 * A text is looked up by its end, the part that a signature, an authentication tag or a writer's id makes its own, and
 * compared as a whole: hashing all of a session would cost more than the comparison.
 */
export class RecentTexts<V> {
  readonly #known: TwoGenerationCache<{ readonly text: string; readonly value: V } | typeof SEEN>;

  /** @param half how many texts are remembered at least; twice as many at most */
  constructor(half: number) {
    this.#known = new TwoGenerationCache(half);
  }

  /** What a text stands for, or undefined where it did not come twice lately. */
  get(text: string): V | undefined {
    const known = this.#known.get(text.slice(-END));
    return known !== undefined && known.text === text ? known.value : undefined;
  }

  /**
   * To be called each time that a text had to be read.
   *
   * @param text has to stand on its own (`ownText`) where it is cut from something: that would be kept alive with it
   * @param value may not point into anything of a request either
   */
  add(text: string, value: V): void {
    const end = text.slice(-END);
    const isSeen = this.#known.get(end) !== undefined;
    this.#known.set(ownText(end), isSeen ? { text: this.own(text), value } : SEEN);
  }

  /** How a text is kept. */
  protected own(text: string): string {
    return text;
  }
}
