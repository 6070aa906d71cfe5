import { type Change, repeat } from './changes.js';
import { COMPUTED, deepCopy } from './deep-copy.js';
import { isSame } from './same-value.js';
import { type Values, cloneValue } from './values.js';

/** An object that was handed out, and that a merge has put a newer one in the place of since. */
interface Replaced {
  /** The top-level key under which it stood. */
  readonly key: string;
  readonly held: object;
  /** What it looked like when it was replaced. */
  readonly copy: object;
}

/**
 * The objects that a session handed out: the application may mutate them in place, and nobody tells. So what they are
 * made of is compared with what was loaded or stored last, and only where something was handed out at all. The
 * serializer's text is not asked: it may differ each time (a nonce), and so may what an object says of itself (`toJSON`).
 */
export class MutationTracker {
  /** The values as stored last, where this request stored them: objects in them may be of classes that no text keeps. */
  #copy: Values | null = null;
  /** The application may hold them still, and mutate them: that counts as a put of their top-level key. */
  #replaced: readonly Replaced[] = [];

  /** What is stored from now on. @param copy of the values, where they were lent when they were drafted */
  stored(copy: Values | null): void {
    this.#copy = copy;
  }

  /**
   * Whether something is no longer what was loaded or stored.
   *
   * @param known what the text has that was loaded or stored last
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
      // A getter or a Proxy that throws when it is read: the commit that now follows says what and where.
      return true;
    }
  }

  /** A top-level key under which something is no longer what was loaded or stored. */
  mutatedKey(values: Readonly<Values>, stored: Readonly<Values>): string | undefined {
    const known = this.#copy ?? stored;
    return keysOf(known, values).find((key) => !isSame(values[key], known[key]));
  }

  /**
   * The mutations in place, as changes: each counts as a put of its top-level key.
   *
   * @param values as they are now
   * @param stored what was loaded
   * @param changes what was done to it knowingly
   */
  mutations(values: Readonly<Values>, stored: Readonly<Values>, changes: readonly Change[]): Change[] {
    const expected: Values = deepCopy(this.#copy ?? stored);
    repeat(expected, changes);
    return keysOf(expected, values)
      .filter((key) => !isSame(values[key], expected[key]))
      .map((key) => ({ op: 'assign', key, value: cloneValue(values[key]) }));
  }

  /**
   * After a merge: an object that came through it unchanged stays the very object that the application holds. Of another
   * one it is remembered what it looked like.
   *
   * @param old the values before
   * @param written what the text has that they were loaded from, or stored as; null for none
   * @param newest what was loaded and merged with
   */
  keep(
    old: Readonly<Values>,
    written: (() => Readonly<Values>) | null,
    merged: Values,
    newest: Readonly<Values>,
  ): void {
    const copy = this.#copy;
    this.stored(null);
    // What this request stored itself may look different in the text: a Date is text there.
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
    if (Object.keys(kept).length > 0) this.stored({ ...newest, ...kept });
  }

  /** The objects that a merge replaced and that were mutated since: they are in use again. */
  takeReplaced(): readonly Pick<Replaced, 'key' | 'held'>[] {
    const mutated = this.#replaced.filter(isMutated);
    if (mutated.length > 0) this.#replaced = this.#replaced.filter((each) => !mutated.includes(each));
    return mutated;
  }

  /** The application has set a top-level key anew, or all of them: what it did to an older object is overwritten. */
  forgetReplaced(key?: string): void {
    this.#replaced = key === undefined ? [] : this.#replaced.filter((replaced) => replaced.key !== key);
  }
}

function isMutated({ held, copy }: Replaced): boolean {
  return !isSame(held, copy);
}

/**
 * What differs from a copy of this very moment is another one whenever it is looked at (a Proxy that counts). That it
 * differs from what was stored says nothing then, as with all that is computed.
 */
function keepComputedOut(copy: Values, values: Readonly<Values>): void {
  for (const [key, value] of Object.entries(values)) {
    if (!isSame(value, copy[key]) && !isSame(value, deepCopy(value))) copy[key] = COMPUTED;
  }
}

function keysOf(...several: readonly Readonly<Values>[]): string[] {
  return [...new Set(several.flatMap((values) => Object.keys(values)))];
}
