import { type Change, repeat } from './changes.js';
import type { Payload, SessionSerializer } from './payload.js';
import { ReplacedObjects } from './replaced-objects.js';
import { type Values, cloneValue } from './values.js';

/**
 * The objects that a session handed out: the application may mutate them in place, and nobody tells. So what they look
 * like is compared with the text that was loaded, by serializing them, and only where something was handed out at all.
 */
export class LentObjects {
  readonly #serializer: SessionSerializer;
  /** Null until a merge replaces something that was handed out. */
  #replaced: ReplacedObjects | null = null;

  constructor(serializer: SessionSerializer) {
    this.#serializer = serializer;
  }

  /** Whether something is no longer what was loaded. */
  mutated(payload: Payload | null, text: string | null): boolean {
    if (payload === null) return false;
    if (this.#replaced !== null && this.#replaced.mutated) return true;
    try {
      return this.#serializer.stringify(payload) !== text;
    } catch {
      // Mutated into something that cannot be stored: the commit that now follows says what and where.
      return true;
    }
  }

  /**
   * The mutations in place, as changes: each counts as a put of its top-level key.
   *
   * @param values as they are now
   * @param text what was loaded; null for nothing
   * @param changes what was done to it knowingly
   */
  mutations(values: Values, text: string | null, changes: readonly Change[]): Change[] {
    if (text === null) return [];
    const parsed = this.#serializer.parse(text);
    const expected = isPayloadLike(parsed) ? parsed.d : {};
    repeat(expected, changes);
    const mutations: Change[] = [];
    for (const key of new Set([...Object.keys(expected), ...Object.keys(values)])) {
      const value = values[key];
      if (!this.#same(value, expected[key])) {
        mutations.push({ op: 'assign', key, value: cloneValue(value) });
      }
    }
    return mutations;
  }

  /**
   * After a merge: an object that came through it unchanged stays the very object that the application holds. Of another
   * one it is remembered what it looked like.
   */
  keep(old: Values, merged: Values): void {
    for (const [key, held] of Object.entries(old)) {
      if (typeof held !== 'object' || held === null) continue;
      if (this.#same(held, merged[key])) merged[key] = held;
      else (this.#replaced ??= new ReplacedObjects(this.#serializer)).add(key, held);
    }
  }

  /** The objects that a merge replaced and that were mutated since. */
  takeReplaced(): readonly (readonly [key: string, held: object])[] {
    return this.#replaced === null ? [] : this.#replaced.takeMutated();
  }

  /** The application has set a top-level key anew, or all of them. */
  forgetReplaced(key?: string): void {
    if (key === undefined) this.#replaced = null;
    else this.#replaced?.forget(key);
  }

  #same(left: unknown, right: unknown): boolean {
    if (left === right) return true;
    if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null)
      return false;
    try {
      return this.#serializer.stringify(left) === this.#serializer.stringify(right);
    } catch {
      // What cannot be stored equals nothing that is: the draft that follows says what and where.
      return false;
    }
  }
}

function isPayloadLike(value: unknown): value is { d: Values } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'd' in value &&
    typeof value.d === 'object' &&
    value.d !== null
  );
}
