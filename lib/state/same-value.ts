import { COMPUTED, bytesOf } from './deep-copy.js';
import { isPlain } from './object-kinds.js';

/**
 * Pairs nested deeper than this are remembered. At lower depths, remembering pairs costs more than following
 * a cycle.
 */
const DEPTH_OF_MEMORY = 8;

/**
 * Whether two values have the same content: plain objects, lists, dates, maps, sets, bytes, and instances of
 * the same class by their own properties. Identity does not matter, and an undefined member counts as
 * missing. Computed content (from getters, `toJSON` or private fields) is ignored, since it may differ each
 * time.
 *
 * @param live the value that an application holds
 * @param kept a `deepCopy` of it, or the value that a serializer parsed from its text
 */
export function isSame(live: unknown, kept: unknown): boolean {
  return new Comparison().isSame(live, kept, 0);
}

class Comparison {
  /** Null until a value is nested that deep. */
  #pairs: Map<object, Set<object>> | null = null;

  isSame(live: unknown, kept: unknown, depth: number): boolean {
    // 0 and -0 are the same, since JSON does not tell them apart. NaN equals itself.
    if (live === kept || kept === COMPUTED || Object.is(live, kept)) return true;
    if (typeof live !== 'object' || typeof kept !== 'object' || live === null || kept === null) return false;
    if (depth > DEPTH_OF_MEMORY && this.#isKnown(live, kept)) return true;
    if (Array.isArray(live)) return Array.isArray(kept) && this.#isSameList(live, kept, depth + 1);
    if (Array.isArray(kept)) return false;
    if (isPlain(live) && isPlain(kept))
      return this.#isSameMembers(live, kept, Object.keys(live), Object.keys(kept), depth + 1);
    return this.#isSameInstance(live, kept, depth + 1);
  }

  /** A pair that was seen before has been compared, or is being compared. */
  #isKnown(live: object, kept: object): boolean {
    const pairs = (this.#pairs ??= new Map<object, Set<object>>());
    const partners = pairs.get(live);
    if (partners === undefined) pairs.set(live, new Set([kept]));
    else if (partners.has(kept)) return true;
    else partners.add(kept);
    return false;
  }

  #isSameList(live: readonly unknown[], kept: readonly unknown[], depth: number): boolean {
    if (live.length !== kept.length) return false;
    for (let index = 0; index < live.length; index += 1) {
      if (!this.isSame(live[index], kept[index], depth)) return false;
    }
    return true;
  }

  #isSameMembers(
    live: object,
    kept: object,
    liveKeys: readonly PropertyKey[],
    keptKeys: readonly PropertyKey[],
    depth: number,
  ): boolean {
    for (const key of keptKeys) {
      const value: unknown = Reflect.get(kept, key);
      if (value !== COMPUTED && !this.isSame(own(live, key), value, depth)) return false;
    }
    for (const key of liveKeys) {
      if (!Object.hasOwn(kept, key) && own(live, key) !== undefined) return false;
    }
    return true;
  }

  #isSameInstance(live: object, kept: object, depth: number): boolean {
    if (Object.getPrototypeOf(live) !== Object.getPrototypeOf(kept)) return false;
    if (ArrayBuffer.isView(live)) return ArrayBuffer.isView(kept) && bytesOf(live).equals(bytesOf(kept));
    return (
      this.#isSameList(contentOf(live), contentOf(kept), depth) &&
      this.#isSameMembers(live, kept, Reflect.ownKeys(live), Reflect.ownKeys(kept), depth)
    );
  }
}

function own(source: object, key: PropertyKey): unknown {
  return Object.hasOwn(source, key) ? Reflect.get(source, key) : undefined;
}

/** The content of built-in objects that is not in properties. */
function contentOf(value: object): readonly unknown[] {
  if (value instanceof Date) return [value.getTime()];
  if (value instanceof Map) return [...value].flat();
  if (value instanceof Set) return [...value];
  if (value instanceof ArrayBuffer) return [bytesOf(new Uint8Array(value)).toString('latin1')];
  if (value instanceof URL || value instanceof URLSearchParams) return [value.toString()];
  return [];
}
