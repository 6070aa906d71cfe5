import { ownText } from './own-text.js';

/** How many characters at the end of a text it is looked up by: 128 bits are 22. */
const END = 24;

interface Known<V> {
  /** Stands on its own: what it was cut from is not kept alive by it. */
  readonly end: string;
  /** Null as long as the text has come only once. */
  readonly answer: { readonly text: string; readonly value: V } | null;
}

/**
 * Remembers what texts stand for that cost something to read: a token (a signature, a decryption), a payload (a parse). A
 * visitor's requests bring the same ones again. Only what was found to be ours is remembered, so a stranger cannot fill
 * it, and a lookup by hash tells nothing about how much of a forged token is right.
 *
 * A text is remembered from its second time on. Where each request writes, each brings another one that never comes
 * again: keeping it, and what was read in it, cost more than reading it.
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

  /** What a text stands for, or undefined where it did not come twice lately. */
  get(text: string): V | undefined {
    const end = text.slice(-END);
    const recent = this.#recent.get(end)?.answer;
    if (recent?.text === text) return recent.value;
    const older = this.#older.get(end);
    if (older?.answer?.text !== text) return undefined;
    this.#keep(older);
    return older.answer.value;
  }

  /**
   * To be called each time that a text had to be read.
   *
   * @param text has to stand on its own (`ownText`) where it is cut from something: that would be kept alive with it
   * @param value may not point into anything of a request either
   */
  add(text: string, value: V): void {
    const cut = text.slice(-END);
    const before = this.#recent.get(cut) ?? this.#older.get(cut);
    const end = before?.end ?? ownText(cut);
    this.#keep({ end, answer: before === undefined ? null : { text: this.own(text), value } });
  }

  /** How a text is kept. */
  protected own(text: string): string {
    return text;
  }

  #keep(known: Known<V>): void {
    if (this.#recent.size >= this.#half) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(known.end, known);
  }
}
