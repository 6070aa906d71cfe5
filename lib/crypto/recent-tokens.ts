import { ownText } from '../state/own-text.js';

/** How many characters at the end of a token it is looked up by: 128 bits are 22. */
const END = 24;

interface Known<V> {
  readonly token: string;
  readonly value: V;
}

/**
 * Remembers what tokens stand for that were found to be ours: a visitor sends the same one with each request, and
 * looking it up costs a tenth of computing a signature, or decrypting a session, again. Only what was found to be ours is
 * remembered, so a stranger cannot fill it, and a lookup by hash tells nothing about how much of a forged token is right.
 *
 * A token is looked up by its end, the part that a signature or an authentication tag makes its own, and compared as a
 * whole: hashing all of a sealed session would cost more than the comparison.
 *
 * Kept in two generations: when the younger one is full, the older one is forgotten as a whole.
 */
export class RecentTokens<V> {
  readonly #half: number;
  #recent = new Map<string, Known<V>>();
  #older = new Map<string, Known<V>>();

  /** @param half how many tokens a generation holds; up to twice as many are remembered */
  constructor(half: number) {
    this.#half = half;
  }

  /** What a token stands for, or undefined where it was not seen lately. */
  get(token: string): V | undefined {
    const end = token.slice(-END);
    const recent = this.#recent.get(end);
    if (recent?.token === token) return recent.value;
    const older = this.#older.get(end);
    if (older?.token !== token) return undefined;
    this.#keep(older);
    return older.value;
  }

  /** @param value may not point into the token, or into anything else of a request */
  add(token: string, value: V): void {
    this.#keep({ token: ownText(token), value });
  }

  #keep(known: Known<V>): void {
    if (this.#recent.size >= this.#half) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(known.token.slice(-END), known);
  }
}
