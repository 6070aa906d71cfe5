import { deepCopy } from './deep-copy.js';
import { isSame } from './same-value.js';

interface Replaced {
  readonly key: string;
  readonly held: object;
  /** What it looked like when it was replaced. */
  readonly copy: object;
}

/**
 * Objects that the application got from a session before a merge put newer ones in their place. It may hold them still,
 * and mutate them: that counts as a put of their top-level key, like any mutation in place.
 */
export class ReplacedObjects {
  #replaced: Replaced[] = [];

  /** Remembers what stood under a top-level key until now. */
  add(key: string, held: object): void {
    this.#replaced.push({ key, held, copy: deepCopy(held) });
  }

  /** The application has set a top-level key anew: what it did to an older object before that is overwritten. */
  forget(key: string): void {
    this.#replaced = this.#replaced.filter((replaced) => replaced.key !== key);
  }

  /** Whether one of them was mutated since. */
  get mutated(): boolean {
    return this.#replaced.some(isMutated);
  }

  /** Those that were mutated since. They are in use again, and no longer remembered here. */
  takeMutated(): readonly (readonly [key: string, held: object])[] {
    if (this.#replaced.length === 0) return [];
    const mutated = this.#replaced.filter(isMutated);
    this.#replaced = this.#replaced.filter((replaced) => !mutated.includes(replaced));
    return mutated.map(({ key, held }) => [key, held]);
  }
}

function isMutated({ held, copy }: Replaced): boolean {
  return !isSame(held, copy);
}
