import { type Change, repeat } from './changes.js';
import { deepCopy } from './deep-copy.js';
import { type SessionSerializer, type Snapshot, parsePayload } from './payload.js';
import { ReplacedObjects } from './replaced-objects.js';
import { isSame } from './same-value.js';
import { type Values, cloneValue } from './values.js';

/**
 * The objects that a session handed out: the application may mutate them in place, and nobody tells. So what they are
 * made of is compared with what was loaded or stored last, and only where something was handed out at all. The
 * serializer's text is not asked: it may differ each time (a nonce), and so may what an object says of itself (`toJSON`).
 */
export class MutationTracker {
  readonly #serializer: SessionSerializer;
  /** The values as stored last, where this request stored them: objects in them may be of classes that no text keeps. */
  #copy: Values | null = null;
  /** The values as loaded, read once more from their text. Null until somebody asks. */
  #loaded: Values | null = null;
  /** Null until a merge replaces something that was handed out. */
  #replaced: ReplacedObjects | null = null;

  constructor(serializer: SessionSerializer) {
    this.#serializer = serializer;
  }

  /** What is stored from now on. @param copy of the values, where they were lent when they were drafted */
  stored(copy: Values | null): void {
    this.#copy = copy;
    this.#loaded = null;
  }

  /** Whether something is no longer what was loaded or stored. */
  mutated(snapshot: Snapshot): boolean {
    if (this.#replaced !== null && this.#replaced.mutated) return true;
    try {
      return !this.#isAsLoaded(snapshot) && !isSame(snapshot.payload.d, this.#known(snapshot.text));
    } catch {
      // A getter or a Proxy that throws when it is read: the commit that now follows says what and where.
      return true;
    }
  }

  /** A top-level key under which something is no longer what was loaded or stored. */
  mutatedKey(values: Values, text: string): string | undefined {
    const known = this.#known(text);
    return keysOf(known, values).find((key) => !isSame(values[key], known[key]));
  }

  /**
   * JSON's text is always the same for the same plain values, and for what is as it was loaded it is the quickest
   * answer. That it differs says nothing.
   */
  #isAsLoaded({ payload, text }: Snapshot): boolean {
    if (this.#serializer !== JSON || this.#copy !== null || this.#loaded !== null) return false;
    try {
      return JSON.stringify(payload) === text;
    } catch {
      return false;
    }
  }

  #known(text: string): Values {
    return this.#copy ?? (this.#loaded ??= this.#read(text));
  }

  #read(text: string): Values {
    const parsed = parsePayload(text, this.#serializer);
    return parsed.kind === 'session' ? parsed.payload.d : {};
  }

  /**
   * The mutations in place, as changes: each counts as a put of its top-level key.
   *
   * @param values as they are now
   * @param text what was loaded
   * @param changes what was done to it knowingly
   */
  mutations(values: Values, text: string, changes: readonly Change[]): Change[] {
    const expected = deepCopy(this.#known(text));
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
   * @param oldText what they were loaded from, or stored as
   * @param text what the merged values were loaded from
   */
  keep(old: Values, oldText: string | null, merged: Values, text: string): void {
    const copy = this.#copy;
    this.stored(null);
    // What this request stored itself may look different in the text: a Date is text there.
    const written = copy === null || oldText === null ? {} : this.#read(oldText);
    const kept: Values = {};
    for (const [key, held] of Object.entries(old)) {
      if (typeof held !== 'object' || held === null) continue;
      const untouched =
        copy !== null && key in written && isSame(held, copy[key]) && isSame(merged[key], written[key]);
      if (untouched) kept[key] = copy[key];
      if (untouched || isSame(held, merged[key])) merged[key] = held;
      else (this.#replaced ??= new ReplacedObjects()).add(key, held);
    }
    if (Object.keys(kept).length > 0) this.stored({ ...this.#read(text), ...kept });
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
}

function keysOf(...several: readonly Values[]): string[] {
  return [...new Set(several.flatMap((values) => Object.keys(values)))];
}
