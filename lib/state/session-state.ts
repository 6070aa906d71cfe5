import { SessionError, SessionValueError } from '../session.errors.js';
import { type Change, type Updater, addTo, clear, pushTo, replay, updateAt } from './changes.js';
import { deepCopy } from './deep-copy.js';
import { type Ages, FlashState } from './flash-state.js';
import { LentObjects } from './lent-objects.js';
import {
  type FlashBatch,
  PAYLOAD_FORMAT,
  type Payload,
  type SessionSerializer,
  parsePayload,
} from './payload.js';
import { isEmptyBranch, leavesOf } from './leaves.js';
import { isPlainValue, serialize } from './storable.js';
import {
  type Values,
  assertKey,
  cloneValue,
  hasPath,
  isContainer,
  omit,
  pick,
  readPath,
  removePath,
  writePath,
} from './values.js';

/** A longer path is no usual one: what it made is looked at before it is stored. */
const MAX_PLAIN_PATH = 200;

/** A payload on its way to the store, and what has to be known about it when it has arrived. */
export interface Draft {
  readonly text: string;
  readonly payload: Payload;
  /** How many changes it contains. */
  readonly changes: number;
  /** What the values were made of, where the application may mutate them meanwhile; null where it cannot. */
  readonly copy: Values | null;
}

/**
 * What one request knows of its session, and what it changed. Pure: no I/O, no request, no clock of its own.
 *
 * The values are live objects: an application may mutate what it got. Beside them stands the list of changes, so that
 * they can be replayed on a newer record, and what was loaded or stored last, so that a mutation in place can be noticed.
 */
export class SessionState {
  values: Values;
  readonly flash: FlashState;
  createdAt: number;
  #duration: number | undefined;
  #durationChanged = false;
  #payload: Payload | null = null;
  #text: string | null = null;
  #changes: Change[] = [];
  /** Whether any change in the list is more than a repetition of what was so anyway. */
  #effective = false;
  /** Null until an object is handed out that may be mutated in place. */
  #lent: LentObjects | null = null;
  /** Whether all that this request wrote is known to survive JSON. */
  #plain = true;
  readonly #serializer: SessionSerializer;

  private constructor(
    serializer: SessionSerializer,
    createdAt: number,
    payload: Payload | null,
    text: string | null,
    flash: FlashState,
  ) {
    this.#serializer = serializer;
    this.createdAt = createdAt;
    this.#payload = payload;
    this.#text = text;
    this.values = payload === null ? {} : payload.d;
    this.#duration = payload?.t;
    this.flash = flash;
  }

  /** The state of a session that nothing is stored of. */
  static empty(serializer: SessionSerializer, createdAt: number): SessionState {
    return new SessionState(serializer, createdAt, null, null, new FlashState([], 0, true));
  }

  /**
   * The state of a loaded session.
   *
   * @param text what `payload` was parsed from
   * @param ages false where the request must not use flash messages up
   */
  static loaded(serializer: SessionSerializer, payload: Payload, text: string, ages: Ages): SessionState {
    const flash = new FlashState(payload.f ?? [], payload.n, ages);
    return new SessionState(serializer, payload.c, payload, text, flash);
  }

  /** The state of the same request after it loaded the session once more: what it did not store is forgotten. */
  reloaded(payload: Payload, text: string): SessionState {
    return new SessionState(
      this.#serializer,
      payload.c,
      payload,
      text,
      this.flash.reloaded(flashOf(payload)),
    );
  }

  /** The same with what was loaded or stored last. Null where nothing is stored, or it cannot be read. */
  reloadedFromText(): SessionState | null {
    if (this.#text === null) return null;
    const parsed = parsePayload(this.#text, this.#serializer);
    return parsed.kind === 'session' ? this.reloaded(parsed.payload, this.#text) : null;
  }

  /** A lifetime of its own in ms, where the session has one. */
  get duration(): number | undefined {
    return this.#duration;
  }

  set duration(duration: number | undefined) {
    this.#duration = duration;
    this.#durationChanged = true;
  }

  /** What begins now is a session of its own: no lifetime is kept from before. */
  beginAnew(now: number): void {
    this.createdAt = now;
    this.#duration = undefined;
    // Of a session that was never stored there is nothing to change.
    this.#durationChanged = this.#payload !== null;
  }

  /** Whether the lifetime was changed and not stored yet. */
  get durationChanged(): boolean {
    return this.#durationChanged;
  }

  // ---- reading -------------------------------------------------------------------------------------------------

  /** The value at a path: stored values first, then flash messages. Undefined where there is none. */
  read(path: string): unknown {
    let value = readPath(this.values, path);
    if (value === undefined) value = this.flash.read(path);
    else this.lend(value);
    return value;
  }

  has(path: string): boolean {
    return hasPath(this.values, path) || this.flash.read(path) !== undefined;
  }

  /** Everything readable, as a plain object of its own. */
  all(): Values {
    this.#handOut();
    return { ...this.flash.all(), ...this.values };
  }

  only(paths: readonly string[]): Values {
    return pick(this.all(), paths);
  }

  except(paths: readonly string[]): Values {
    return omit(this.all(), paths);
  }

  get isEmpty(): boolean {
    for (const key in this.values) if (this.values[key] !== undefined) return false;
    return this.flash.isEmpty;
  }

  // ---- changing ------------------------------------------------------------------------------------------------

  put(path: string, value: unknown): void {
    assertKey(path);
    this.#lent?.forgetReplaced(path);
    writePath(this.values, path, value);
    this.#lend(value);
    this.#record({ op: 'put', path, value: cloneValue(value) });
  }

  /** Sets a top-level key as a whole, dots in its name included; undefined removes it. */
  assign(key: string, value: unknown): void {
    assertKey(key);
    this.#lent?.forgetReplaced(key);
    const effective = value !== undefined || Object.hasOwn(this.values, key);
    if (value === undefined) delete this.values[key];
    else this.values[key] = value;
    this.#lend(value);
    this.#record({ op: 'assign', key, value: cloneValue(value) }, effective);
  }

  /** Puts each leaf at its own place. An object with nothing in it takes the place of what is no object only. */
  merge(values: Values): void {
    assertValues('merge', values);
    const leaves = leavesOf(values);
    for (const [path] of leaves) assertKey(path);
    for (const [path, value] of leaves) {
      if (!isEmptyBranch(value)) this.put(path, value);
      else if (!isContainer(readPath(this.values, path)))
        this.update(path, (current) => (isContainer(current) ? current : {}));
    }
  }

  push(path: string, value: unknown): void {
    assertKey(path);
    pushTo(this.values, path, value);
    this.#lend(value);
    this.#record({ op: 'push', path, value: cloneValue(value) });
  }

  increment(path: string, by: number): number {
    assertKey(path);
    const sum = addTo(this.values, path, by);
    this.#lend(sum);
    this.#record({ op: 'increment', path, by });
    return sum;
  }

  update(path: string, updater: Updater): void {
    assertKey(path);
    assertFunction(updater);
    this.#lent?.forgetReplaced(path);
    const hadValue = hasPath(this.values, path);
    const result = updateAt(this.values, path, updater);
    this.#lend(result);
    // Nothing that was, and nothing that is, is no reason to begin a session.
    this.#record(
      { op: 'update', path, updater, result: cloneValue(result) },
      hadValue || result !== undefined,
    );
  }

  forget(path: string): void {
    assertKey(path);
    this.#lent?.forgetReplaced(path);
    const fromFlash = this.flash.forget(path);
    const fromValues = removePath(this.values, path);
    // Forgetting what is not there is recorded too: another request may be storing it right now. But it is no reason
    // to commit, or to begin a session.
    this.#record({ op: 'forget', path }, fromValues || fromFlash);
  }

  flush(): void {
    const effective = !this.isEmpty || this.flash.modified;
    clear(this.values);
    this.#lent?.forgetReplaced();
    this.flash.clear();
    this.#record({ op: 'flush' }, effective);
  }

  reset(values: Values): void {
    assertValues('reset', values);
    for (const key of Object.keys(values)) assertKey(key);
    const effective = !this.isEmpty || this.flash.modified || Object.keys(values).length > 0;
    clear(this.values);
    this.#lent?.forgetReplaced();
    this.flash.clear();
    Object.assign(this.values, values);
    this.#handOut();
    this.#record({ op: 'reset', values: cloneValue(values) }, effective);
  }

  /** A value is handed out. Returns whether it may be mutated in place. */
  lend(value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    this.#handOut();
    return true;
  }

  #lend(value: unknown): void {
    if (!this.lend(value) && !isPlainValue(value)) this.#plain = false;
  }

  #handOut(): void {
    this.#lent ??= new LentObjects(this.#serializer);
  }

  #record(change: Change, effective = true): void {
    // What an updater returns on a newer value, and how deep a long path leads, is known only when it is looked at.
    if (change.op === 'update' || ('path' in change && change.path.length > MAX_PLAIN_PATH))
      this.#plain = false;
    this.#changes.push(change);
    if (effective) this.#effective = true;
  }

  // ---- storing -------------------------------------------------------------------------------------------------

  /** Whether a commit has anything to store. */
  get due(): boolean {
    return this.#effective || this.#durationChanged || this.flash.due || this.#mutated();
  }

  /** Whether this request itself changed anything. */
  get modified(): boolean {
    return this.#effective || this.#durationChanged || this.flash.modified || this.#mutated();
  }

  /** Whether objects were handed out that may be mutated from now on. */
  get lent(): boolean {
    return this.#lent !== null;
  }

  /** Whether something that was handed out is no longer what was loaded or stored. One comparison, and only if asked for. */
  #mutated(): boolean {
    if (this.#lent === null || this.#payload === null || this.#text === null) return false;
    return this.#lent.mutated(this.#payload, this.#text);
  }

  /**
   * The top-level key of something that was mutated in place, where that is all there is to store; undefined otherwise.
   * Nothing else becomes due by itself.
   */
  get mutatedKey(): string | undefined {
    if (this.#effective || this.#durationChanged || this.flash.due || this.#text === null) return undefined;
    return this.#lent?.mutatedKey(this.values, this.#text);
  }

  /**
   * The payload that a commit is to store.
   *
   * @param writer the mark of this write
   * @param id the session's id, where it is to be kept in the payload itself
   * @throws SessionValueError where something cannot be stored; everything stays pending then
   */
  draft(writer: string | undefined, id: string | undefined): Draft {
    this.#takeReplaced();
    const n = (this.#payload?.n ?? 0) + 1;
    const flash = this.flash.takeFor(n);
    const payload: Payload = { v: PAYLOAD_FORMAT, n, c: this.createdAt, d: this.values };
    if (writer !== undefined) payload.w = writer;
    if (id !== undefined) payload.i = id;
    if (this.#duration !== undefined) payload.t = this.#duration;
    if (flash.length > 0) payload.f = flash;
    const plain = this.#plain && this.#lent === null && flash.length === 0;
    try {
      const text = serialize(payload, this.#serializer, plain);
      const copy = this.#lent === null ? null : deepCopy(this.values);
      return { text, payload, changes: this.#changes.length, copy };
    } catch (error) {
      this.notStored();
      throw error;
    }
  }

  /** A draft was not stored and will not be: what it carried is pending again. */
  notStored(): void {
    this.flash.notStored();
  }

  /** A draft was stored. Changes made since it was drafted stay pending. */
  stored(draft: Draft): void {
    this.#payload = draft.payload;
    this.#text = draft.text;
    this.#lent?.stored(draft.copy);
    this.#changes.splice(0, draft.changes);
    this.#effective = this.#changes.length > 0;
    this.#durationChanged = this.#duration !== draft.payload.t;
    this.flash.stored(draft.payload.f ?? []);
  }

  /**
   * Another request wrote first: performs this request's changes on the newest record.
   *
   * @throws SessionValueError where a change is no longer possible there (a push on what is no list any more)
   */
  rebase(payload: Payload, text: string): void {
    this.#takeReplaced();
    const old = this.values;
    const oldText = this.#text;
    const mutations =
      this.#lent === null || oldText === null ? [] : this.#lent.mutations(old, oldText, this.#changes);
    try {
      this.#changes = replay(payload.d, [...this.#changes, ...mutations]);
    } catch (cause) {
      throw new SessionValueError(
        `Another request changed the session meanwhile, and this request's changes do not fit it any more: ${messageOf(cause)}`,
        { atCommit: true, cause },
      );
    }
    if (!this.#durationChanged) this.#duration = payload.t;
    this.#payload = payload;
    this.#text = text;
    this.values = payload.d;
    this.flash.rebase(flashOf(payload));
    this.#lent?.keep(old, oldText, this.values, text);
  }

  #takeReplaced(): void {
    if (this.#lent === null) return;
    for (const [key, held] of this.#lent.takeReplaced()) {
      this.values[key] = held;
      this.#record({ op: 'assign', key, value: cloneValue(held) });
    }
  }
}

function assertFunction(updater: unknown): void {
  if (typeof updater === 'function') return;
  throw new SessionValueError(
    `update got a value of type ${typeof updater} in place of a function; it takes a key and a function that makes the new value of the current one. To store a value, use put.`,
  );
}

function assertValues(method: string, values: unknown): void {
  if (typeof values === 'object' && values !== null && !Array.isArray(values)) return;
  throw new SessionValueError(
    `${method} takes an object with the new values by their keys, such as { cart: [] }.`,
  );
}

function messageOf(cause: unknown): string {
  return cause instanceof SessionError ? cause.message : 'the function given to update() threw (see cause).';
}

function flashOf(payload: Payload): FlashBatch[] {
  return payload.f ?? [];
}
