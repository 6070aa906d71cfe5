import type { SessionSerializer } from './payload.js';

interface Replaced {
  readonly key: string;
  readonly held: object;
  /** What it looked like when it was replaced. */
  readonly text: string | null;
}

/**
 * Objects that the application got from a session before a merge put newer ones in their place. It may hold them still,
 * and mutate them: that counts as a put of their top-level key, like any mutation in place.
 */
export class ReplacedObjects {
  readonly #serializer: SessionSerializer;
  #replaced: Replaced[] = [];

  constructor(serializer: SessionSerializer) {
    this.#serializer = serializer;
  }

  /** Remembers what stood under a top-level key until now. */
  add(key: string, held: object): void {
    this.#replaced.push({ key, held, text: this.#textOf(held) });
  }

  /** The application has set a top-level key anew: what it did to an older object before that is overwritten. */
  forget(key: string): void {
    this.#replaced = this.#replaced.filter((replaced) => replaced.key !== key);
  }

  /** Whether one of them was mutated since. */
  get mutated(): boolean {
    return this.#replaced.some((replaced) => this.#isMutated(replaced));
  }

  /** Those that were mutated since. They are in use again, and no longer remembered here. */
  takeMutated(): readonly (readonly [key: string, held: object])[] {
    if (this.#replaced.length === 0) return [];
    const mutated = this.#replaced.filter((replaced) => this.#isMutated(replaced));
    this.#replaced = this.#replaced.filter((replaced) => !mutated.includes(replaced));
    return mutated.map(({ key, held }) => [key, held]);
  }

  #isMutated({ held, text }: Replaced): boolean {
    return text === null || this.#textOf(held) !== text;
  }

  #textOf(held: object): string | null {
    try {
      return this.#serializer.stringify(held);
    } catch {
      // What cannot be stored is reported by the commit that stores it, with its key.
      return null;
    }
  }
}
