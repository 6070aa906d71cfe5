import { ChangeLog } from './change-log.js';
import {
  type Updater,
  type ValueChange,
  addTo,
  assertUpdater,
  clear,
  isUnforeseeable,
  pushTo,
  putObjectAt,
  updateAt,
} from './changes.js';
import { deepCopy } from './deep-copy.js';
import type { FlashState } from './flash-state.js';
import { isEmptyBranch, leafValuesOf } from './leaf-values.js';
import { MutationTracker } from './mutation-tracker.js';
import { ownText } from './own-text.js';
import { type SessionSerializer, type Snapshot, copyOfValues } from './payload.js';
import { ReturnedObjects } from './returned-objects.js';
import { isPlainValue } from './storable.js';
import { cloneRecorded } from './clone-value.js';
import { type Values, assertKey, hasPath, readPath, removePath, writePath } from './values.js';
import { assertWritable, valuesByKey } from './values-by-key.js';

/**
 * Values and flash messages as the application reads and changes them: each change is applied at once and
 * recorded in the log. `SessionState` keeps track of what is stored.
 */
export abstract class WorkingState {
  /** The values, read-only: other requests may share the same objects. Replaced by this class and `SessionState` only. */
  readonlyValues: Readonly<Values>;
  /**
   * How much of the values this request owns: nothing, the outermost object, or everything. The rest is
   * shared with other requests, and copied before it is changed or handed out.
   */
  protected owned: 'nothing' | 'top' | 'all' = 'nothing';
  /** Null until an object is handed out that may be mutated in place. */
  protected tracker: MutationTracker | null = null;
  /** Whether everything that this request wrote is known to survive JSON. */
  protected plain = true;

  /** @param snapshot what was loaded or stored last; null if nothing is stored */
  protected constructor(
    protected readonly serializer: SessionSerializer,
    protected snapshot: Snapshot | null,
    readonly flash: FlashState,
    protected readonly log: ChangeLog,
  ) {
    this.readonlyValues = snapshot === null ? {} : snapshot.payload.d;
  }

  /** The values as objects that this request owns: may be changed and handed out. */
  get values(): Values {
    if (this.owned !== 'all') {
      this.readonlyValues = copyOfValues(this.readonlyValues, this.snapshot?.text, this.serializer);
      this.owned = 'all';
    }
    return this.readonlyValues;
  }

  /**
   * The values for changing one path without handing anything out: a top-level value can be replaced without
   * a full copy.
   */
  #valuesFor(path: string): Values {
    // With another serializer, a copy is parsed from the stored text, and would lose changes made since.
    if (this.serializer !== JSON || path.includes('.')) return this.values;
    if (this.owned === 'nothing') {
      this.readonlyValues = { ...this.readonlyValues };
      this.owned = 'top';
    }
    return this.readonlyValues;
  }

  // ---- reading -------------------------------------------------------------------------------------------------

  /** The value at a path: stored values first, then flash messages. Undefined if there is none. */
  read(path: string): unknown {
    const value = readPath(this.readonlyValues, path);
    if (value === undefined) return this.flash.read(path);
    return this.track(value) ? readPath(this.values, path) : value;
  }

  has(path: string): boolean {
    return hasPath(this.readonlyValues, path) || this.flash.read(path) !== undefined;
  }

  /** Everything readable, as a new plain object. */
  all(): Values {
    return { ...this.flash.all(), ...this.#handOut() };
  }

  get isEmpty(): boolean {
    for (const key in this.readonlyValues) if (this.readonlyValues[key] !== undefined) return false;
    return this.flash.isEmpty;
  }

  // ---- changing ------------------------------------------------------------------------------------------------

  put(path: string, given: unknown): void {
    this.#prepare(path, true);
    const value = this.#received(given);
    writePath(this.#valuesFor(path), path, value);
    this.#record({ op: 'put', path, value: cloneRecorded(value) });
  }

  /** Sets a top-level key as a whole, dots in its name included; undefined removes it, as `forget` does. */
  assign(key: string, given: unknown): void {
    this.#prepare(key, true);
    const value = this.#received(given);
    const effective = value !== undefined || Object.hasOwn(this.readonlyValues, key);
    if (value !== undefined) this.values[key] = value;
    else if (effective) delete this.values[key];
    this.#record({ op: 'assign', key, value: cloneRecorded(value) }, effective);
  }

  /** Puts each leaf at its own path. An empty object only replaces a value that is not an object. */
  merge(values: Values): void {
    valuesByKey('merge', values);
    const leaves = leafValuesOf(values);
    for (const [path] of leaves) assertKey(path);
    assertWritable(this.readonlyValues, leaves);
    for (const [path, value] of leaves) {
      if (isEmptyBranch(value)) this.#putObject(path);
      else this.put(path, value);
    }
  }

  /** Recorded even if there is an object: another request may be removing it right now. */
  #putObject(path: string): void {
    this.#prepare(path);
    const effective = putObjectAt(this.values, path);
    if (effective) this.tracker?.forgetReplaced(path);
    this.#record({ op: 'putObject', path }, effective);
  }

  push(path: string, given: unknown): void {
    this.#prepare(path);
    const value = this.#received(given);
    pushTo(this.values, path, value);
    this.#record({ op: 'push', path, value: cloneRecorded(value) });
  }

  increment(path: string, by: number): number {
    this.#prepare(path);
    const sum = addTo(this.#valuesFor(path), path, by);
    this.#received(sum);
    this.#record({ op: 'increment', path, by });
    return sum;
  }

  update(path: string, updater: Updater): void {
    this.#prepare(path);
    assertUpdater(updater);
    this.tracker?.forgetReplaced(path);
    const current = readPath(this.values, path);
    // What was handed out may have been mutated in place before.
    const given = this.tracker === null ? {} : { given: deepCopy(current) };
    // The updater may keep the value, or mutate it and then throw.
    this.track(current);
    const returned = new ReturnedObjects();
    const result = updateAt(this.values, path, updater, returned);
    this.#received(result);
    // If the value is missing and the updater returns undefined, nothing changes.
    this.#record(
      { op: 'update', path, updater, returned, result: deepCopy(result), ...given },
      current !== undefined || result !== undefined,
    );
  }

  /** Removes a value after reading it to show it; a message stays if this request cannot show any. */
  pull(path: string): unknown {
    const value = this.read(path);
    this.forget(path, 'take');
    return value;
  }

  forget(path: string, op: 'remove' | 'take' = 'remove'): void {
    this.#prepare(path, true);
    const fromFlash = this.flash.forget(path, op);
    const fromValues = removePath(this.#valuesFor(path), path);
    // Forgetting a missing value is recorded too: another request may be storing it right now. But that is no
    // reason to commit, or to begin a session.
    this.#record({ op: 'forget', path }, fromValues || fromFlash);
  }

  /** Removes the values under all other top-level keys, seen or not. Flash messages stay. */
  keepOnly(keys: readonly string[]): void {
    const removed = clear(this.values, keys);
    this.tracker?.forgetReplacedExcept(keys);
    this.#record({ op: 'flush', except: keys }, removed.length > 0);
  }

  flush(): void {
    const effective = !this.isEmpty;
    clear(this.values);
    this.tracker?.forgetReplaced();
    this.flash.clear();
    this.#record({ op: 'flush' }, effective);
  }

  reset(given: Values): void {
    const values = valuesByKey('reset', given);
    const effective = !this.isEmpty || Object.keys(values).length > 0;
    clear(this.values);
    this.tracker?.forgetReplaced();
    this.flash.clear();
    Object.assign(this.values, values);
    this.#handOut();
    this.#record({ op: 'reset', values: cloneRecorded(values) }, effective);
  }

  /** Called when a value is handed out. Returns whether it may be mutated in place. */
  track(value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    this.#handOut();
    return true;
  }

  /** The value to store. The application may go on holding it, and JSON may not be able to keep it. */
  #received(value: unknown): unknown {
    // It may be a slice of request data, which would stay alive with it for as long as it is cached.
    if (typeof value === 'string') return ownText(value);
    if (!isPlainValue(value) && !this.track(value)) this.plain = false;
    return value;
  }

  /** Makes this request own the values from now on: objects handed out may be mutated, and a merge keeps them. */
  #handOut(): Values {
    this.tracker ??= new MutationTracker();
    return this.values;
  }

  /** Called before each change at a path. @param sets whether the value is set, or removed, whatever it was */
  #prepare(path: string, sets = false): void {
    assertKey(path);
    if (sets) this.tracker?.forgetReplaced(path);
    if (this.tracker !== null) this.takeReplaced(this.tracker);
  }

  /**
   * Puts objects that a merge has replaced back under their keys if they were mutated since: such a mutation is
   * a put that comes before the next change, or before the commit.
   */
  protected takeReplaced(tracker: MutationTracker): void {
    for (const { key, held } of tracker.takeReplaced()) {
      this.values[key] = held;
      this.#record({ op: 'assign', key, value: cloneRecorded(held) });
    }
  }

  #record(change: ValueChange, effective = true): void {
    if (isUnforeseeable(change)) this.plain = false;
    this.log.record(change, effective);
  }
}
