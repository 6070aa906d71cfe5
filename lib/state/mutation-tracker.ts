import { type Change, repeat } from './changes.js';
import { COMPUTED, deepCopy } from './deep-copy.js';
import { isSame } from './same-value.js';
import { cloneRecorded } from './clone-value.js';
import type { Values } from './values.js';

/** An object that was handed out and has since been replaced in a merge. */
interface Replaced {
  /** The top-level key that held it. */
  readonly key: string;
  readonly held: object;
  /** A copy of the object as it was when it was replaced. */
  readonly copy: object;
}

/**
 * Detects mutations of objects that a session handed out. The application may mutate them in place without
 * notice, so their content is compared with what was loaded or stored last, if anything was handed out at
 * all. The serializer's text is not compared, since it may differ each time (a nonce), and so may the result
 * of an object's `toJSON`.
 */
export class MutationTracker {
  /**
   * The values as stored last, if this request stored them: they may contain instances of classes, which no
   * text keeps.
   */
  #copy: Values | null = null;
  /** Objects that the application may still hold and mutate: a mutation counts as a put of the top-level key. */
  #replaced: readonly Replaced[] = [];

  /** Called when a draft was stored. @param copy of the values, if any had been handed out when they were drafted */
  onStored(copy: Values | null): void {
    this.#copy = copy;
  }

  /**
   * Whether anything differs from what was loaded or stored.
   *
   * @param known returns the values in the text that was loaded or stored last
   */
  mutated(values: Readonly<Values>, known: () => Readonly<Values>): boolean {
    if (this.#replaced.some(isMutated)) return true;
    try {
      const copy = this.#copy;
      if (isSame(values, copy ?? known())) return false;
      if (copy === null) return true;
      keepComputedOut(copy, values);
      return !isSame(values, copy);
    } catch {
      // A getter or a Proxy threw while it was read: the commit that follows reports what and where.
      return true;
    }
  }

  /** A top-level key under which anything differs from what was loaded or stored. */
  mutatedKey(values: Readonly<Values>, stored: Readonly<Values>): string | undefined {
    const known = this.#copy ?? stored;
    return keysOf(known, values).find((key) => !isSame(values[key], known[key]));
  }

  /**
   * The mutations in place as changes: each counts as a put of its top-level key.
   *
   * @param values the current values
   * @param stored the values as loaded
   * @param changes the recorded changes made since
   */
  mutations(values: Readonly<Values>, stored: Readonly<Values>, changes: readonly Change[]): Change[] {
    const expected: Values = deepCopy(this.#copy ?? stored);
    repeat(expected, changes);
    return keysOf(expected, values)
      .filter((key) => !isSame(values[key], expected[key]))
      .map((key) => ({ op: 'assign', key, value: cloneRecorded(values[key]) }));
  }

  /**
   * Called after a merge. An object that the merge did not change stays the same object that the application
   * holds. For any other object, a copy is kept.
   *
   * @param old the values before
   * @param written returns the values in the text they were loaded from or stored as; null if there is none
   * @param newest the loaded values that were merged with
   */
  keep(
    old: Readonly<Values>,
    written: (() => Readonly<Values>) | null,
    merged: Values,
    newest: Readonly<Values>,
  ): void {
    const copy = this.#copy;
    this.onStored(null);
    // Values that this request stored may look different in the text: a Date is a string there.
    const stored = copy === null || written === null ? {} : written();
    const kept: Values = {};
    for (const [key, held] of Object.entries(old)) {
      if (typeof held !== 'object' || held === null) continue;
      const untouched =
        copy !== null && key in stored && isSame(held, copy[key]) && isSame(merged[key], stored[key]);
      if (untouched) kept[key] = copy[key];
      if (untouched || isSame(held, merged[key])) merged[key] = held;
      else this.#replaced = [...this.#replaced, { key, held, copy: deepCopy(held) }];
    }
    if (Object.keys(kept).length > 0) this.onStored({ ...newest, ...kept });
  }

  /**
   * Returns the objects that a merge replaced and that were mutated since, and stops tracking them as
   * replaced.
   */
  takeReplaced(): readonly Pick<Replaced, 'key' | 'held'>[] {
    if (this.#replaced.length === 0) return this.#replaced;
    const mutated = this.#replaced.filter(isMutated);
    if (mutated.length > 0) this.#replaced = this.#replaced.filter((each) => !mutated.includes(each));
    return mutated;
  }

  /**
   * Called when the application sets a top-level key, or all of them: this overwrites mutations of older
   * objects.
   */
  forgetReplaced(key?: string): void {
    this.#replaced = key === undefined ? [] : this.#replaced.filter((replaced) => replaced.key !== key);
  }

  /** Called when the application removes all other top-level keys. */
  forgetReplacedExcept(keys: readonly string[]): void {
    this.#replaced = this.#replaced.filter(({ key }) => keys.includes(key));
  }
}

function isMutated({ held, copy }: Replaced): boolean {
  return !isSame(held, copy);
}

/**
 * Marks values as computed if they differ from a copy made right now: such a value differs each time it is
 * read (a Proxy that counts), so a difference from what was stored means nothing.
 */
function keepComputedOut(copy: Values, values: Readonly<Values>): void {
  for (const [key, value] of Object.entries(values)) {
    if (!isSame(value, copy[key]) && !isSame(value, deepCopy(value))) copy[key] = COMPUTED;
  }
}

function keysOf(...several: readonly Readonly<Values>[]): string[] {
  return [...new Set(several.flatMap((values) => Object.keys(values)))];
}
