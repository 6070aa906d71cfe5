import { type Copies, cloneRecorded, isCloned } from './clone-value.js';
import { MAX_DEPTH } from './values.js';

/**
 * The lists and objects that the function of one `update` has returned, as they were then. The application may
 * hold on to one and return it again (`(cart) => cart ?? empty`); by then, it has what later changes of the
 * request did to it, and those changes are replayed too.
 */
export class ReturnedObjects {
  readonly #copies: Copies = new Map();

  /** The result of another call, where every object that an earlier call returned is as it was then. */
  asReturned(result: unknown): unknown {
    const restored = this.#copies.size === 0 ? result : this.#restored(result, new Map(), new Set(), 1);
    cloneRecorded(restored, this.#copies);
    return restored;
  }

  /** @param restored the objects restored for this call: one that the result holds twice stays one object */
  #restored(value: unknown, restored: Copies, seen: Set<object>, depth: number): unknown {
    if (!isCloned(value) || seen.has(value) || depth > MAX_DEPTH) return value;
    const before = this.#copies.get(value);
    if (before !== undefined) return cloneRecorded(before, restored);
    seen.add(value);
    for (const [key, member] of Object.entries(value)) {
      const asBefore = this.#restored(member, restored, seen, depth + 1);
      if (asBefore !== member) Reflect.set(value, key, asBefore);
    }
    return value;
  }
}
