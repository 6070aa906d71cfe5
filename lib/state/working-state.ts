import { ChangeLog } from './change-log.js';
import { type Updater, type ValueChange, addTo, assertUpdater, clear, pushTo, updateAt } from './changes.js';
import type { FlashState } from './flash-state.js';
import { isEmptyBranch, leafValuesOf } from './leaf-values.js';
import { MutationTracker } from './mutation-tracker.js';
import { omit } from './own-copy.js';
import { withOwnText } from './own-text.js';
import { type SessionSerializer, type Snapshot, copyOfValues } from './payload.js';
import { isPlainValue } from './storable.js';
import {
  type Values,
  assertKey,
  cloneValue,
  hasPath,
  isContainer,
  pick,
  readPath,
  removePath,
  writePath,
} from './values.js';
import { assertWritable, valuesByKey } from './values-by-key.js';

/** A longer path is unusual: the value that it creates is checked before it is stored. */
const MAX_PLAIN_PATH = 200;

/**
 * Values and flash messages as the application reads and changes them: each change is applied at once and
 * recorded in the log. `SessionState` keeps track of what is stored.
 */
export abstract class WorkingState {
  #values: Readonly<Values>;
  /**
   * How much of the values this request owns: nothing, the outermost object, or everything. The rest is
   * shared with other requests, and copied before it is changed or handed out.
   */
  #own: 'nothing' | 'top' | 'all' = 'nothing';
  readonly flash: FlashState;
  protected readonly log: ChangeLog;
  protected readonly serializer: SessionSerializer;
  /** Null until an object is handed out that may be mutated in place. */
  protected tracker: MutationTracker | null = null;
  /** What was loaded or stored last. Null if nothing is stored. */
  protected snapshot: Snapshot | null;
  /** Whether everything that this request wrote is known to survive JSON. */
  protected plain = true;

  protected constructor(
    serializer: SessionSerializer,
    snapshot: Snapshot | null,
    flash: FlashState,
    log: ChangeLog,
  ) {
    this.serializer = serializer;
    this.snapshot = snapshot;
    this.#values = snapshot === null ? {} : snapshot.payload.d;
    this.flash = flash;
    this.log = log;
  }

  // ---- whose values ----------------------------------------------------------------------------------------------

  /** The values, read-only: other requests may share the same objects. */
  get readonlyValues(): Readonly<Values> {
    return this.#values;
  }

  /** The values as objects that this request owns: may be changed and handed out. */
  get values(): Values {
    if (this.#own !== 'all') this.own(copyOfValues(this.#values, this.snapshot?.text, this.serializer));
    return this.#values;
  }

  /**
   * The values for changing one path without handing anything out: a top-level value can be replaced without
   * a full copy.
   */
  #valuesFor(path: string): Values {
    // With another serializer the copy is made by parsing the stored text again, which would lose changes
    // made since.
    if (this.serializer !== JSON || path.includes('.')) return this.values;
    if (this.#own === 'nothing') {
      this.#values = { ...this.#values };
      this.#own = 'top';
    }
    return this.#values;
  }

  protected own(values: Values): void {
    this.#values = values;
    this.#own = 'all';
  }

  /** Other requests may share the values from now on: they are copied before the next change. */
  protected share(): void {
    this.#own = 'nothing';
  }

  // ---- reading -------------------------------------------------------------------------------------------------

  /** The value at a path: stored values first, then flash messages. Undefined if there is none. */
  read(path: string): unknown {
    const value = readPath(this.#values, path);
    if (value === undefined) return this.flash.read(path);
    return this.track(value) ? readPath(this.values, path) : value;
  }

  has(path: string): boolean {
    return hasPath(this.#values, path) || this.flash.read(path) !== undefined;
  }

  /** Everything readable, as a new plain object. */
  all(): Values {
    return { ...this.flash.all(), ...this.#handOut() };
  }

  only(paths: readonly string[]): Values {
    return pick(this.all(), paths);
  }

  except(paths: readonly string[]): Values {
    return omit(this.all(), paths);
  }

  get isEmpty(): boolean {
    for (const key in this.#values) if (this.#values[key] !== undefined) return false;
    return this.flash.isEmpty;
  }

  // ---- changing ------------------------------------------------------------------------------------------------

  put(path: string, given: unknown): void {
    assertKey(path);
    this.tracker?.forgetReplaced(path);
    const value = withOwnText(given);
    writePath(isContainer(value) ? this.values : this.#valuesFor(path), path, value);
    this.#received(value);
    this.record({ op: 'put', path, value: cloneValue(value) });
  }

  /** Sets a top-level key as a whole, dots in its name included; undefined removes it. */
  assign(key: string, given: unknown): void {
    assertKey(key);
    this.tracker?.forgetReplaced(key);
    const value = withOwnText(given);
    const effective = value !== undefined || Object.hasOwn(this.values, key);
    if (value === undefined) delete this.values[key];
    else this.values[key] = value;
    this.#received(value);
    this.record({ op: 'assign', key, value: cloneValue(value) }, effective);
  }

  /** Puts each leaf at its own path. An empty object only replaces a value that is not an object. */
  merge(values: Values): void {
    valuesByKey('merge', values);
    const leaves = leafValuesOf(values);
    for (const [path] of leaves) assertKey(path);
    assertWritable(this.#values, leaves);
    for (const [path, value] of leaves) {
      if (!isEmptyBranch(value)) this.put(path, value);
      else if (!isContainer(readPath(this.values, path)))
        this.update(path, (current) => (isContainer(current) ? current : {}));
    }
  }

  push(path: string, given: unknown): void {
    assertKey(path);
    const value = withOwnText(given);
    pushTo(this.values, path, value);
    this.#received(value);
    this.record({ op: 'push', path, value: cloneValue(value) });
  }

  increment(path: string, by: number): number {
    assertKey(path);
    const sum = addTo(this.#valuesFor(path), path, by);
    this.#received(sum);
    this.record({ op: 'increment', path, by });
    return sum;
  }

  update(path: string, updater: Updater): void {
    assertKey(path);
    assertUpdater(updater);
    this.tracker?.forgetReplaced(path);
    const hadValue = hasPath(this.values, path);
    // The updater may keep the value, or mutate it and then throw.
    this.track(readPath(this.values, path));
    const result = updateAt(this.values, path, updater);
    this.#received(result);
    // If the value is missing and the updater returns undefined, nothing changes.
    this.record(
      { op: 'update', path, updater, result: cloneValue(result) },
      hadValue || result !== undefined,
    );
  }

  forget(path: string): void {
    assertKey(path);
    this.tracker?.forgetReplaced(path);
    const fromFlash = this.flash.forget(path);
    const fromValues = removePath(this.#valuesFor(path), path);
    // Forgetting a missing value is recorded too: another request may be storing it right now. But that is no
    // reason to commit, or to begin a session.
    this.record({ op: 'forget', path }, fromValues || fromFlash);
  }

  flush(): void {
    const effective = !this.isEmpty;
    clear(this.values);
    this.tracker?.forgetReplaced();
    this.flash.clear();
    this.record({ op: 'flush' }, effective);
  }

  reset(given: Values): void {
    const values = valuesByKey('reset', given);
    const effective = !this.isEmpty || Object.keys(values).length > 0;
    clear(this.values);
    this.tracker?.forgetReplaced();
    this.flash.clear();
    Object.assign(this.values, values);
    this.#handOut();
    this.record({ op: 'reset', values: cloneValue(values) }, effective);
  }

  /** Called when a value is handed out. Returns whether it may be mutated in place. */
  track(value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    this.#handOut();
    return true;
  }

  /** Called when a value was stored: the application may still hold it, and JSON may not be able to keep it. */
  #received(value: unknown): void {
    if (!this.track(value) && !isPlainValue(value)) this.plain = false;
  }

  /** Makes this request own the values from now on: objects handed out may be mutated, and a merge keeps them. */
  #handOut(): Values {
    this.tracker ??= new MutationTracker();
    return this.values;
  }

  protected record(change: ValueChange, effective = true): void {
    // What an updater returns for a newer value, and how deep a long path nests, has to be checked before it
    // is stored.
    if (change.op === 'update' || ('path' in change && change.path.length > MAX_PLAIN_PATH))
      this.plain = false;
    this.log.record(change, effective);
  }
}
