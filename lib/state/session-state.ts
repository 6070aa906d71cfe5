import { SessionError, SessionValueError } from '../session.errors.js';
import { ChangeLog } from './change-log.js';
import { replay } from './changes.js';
import { deepCopy } from './deep-copy.js';
import { FactsState } from './facts-state.js';
import type { ConsumesFlash } from './flash-aging.js';
import { FlashState } from './flash-state.js';
import type { MutationTracker } from './mutation-tracker.js';
import {
  PAYLOAD_FORMAT,
  type Payload,
  type SessionSerializer,
  type Snapshot,
  copyOfValues,
  parsePayload,
  valuesIn,
} from './payload.js';
import { serialize } from './storable.js';
import type { Values } from './values.js';
import { WorkingState } from './working-state.js';

/** A payload about to be stored, and what has to be known about it once it is stored. */
export interface Draft extends Snapshot {
  /** How many pending changes it contains. */
  readonly changes: number;
  /** A copy of the values, if the application may mutate them meanwhile; null if it cannot. */
  readonly copy: Values | null;
  /** Whether the payload is known to equal the parsed text, and is never changed any more. */
  readonly isExact: boolean;
}

/**
 * The state of a session in one request: what was loaded, and what the request changed. Pure: no I/O, no
 * request, no clock of its own.
 *
 * The values are live objects: an application may mutate what it reads. The log of changes allows replaying
 * them on a newer record; the snapshot that was loaded or stored last allows detecting mutations in place.
 */
export class SessionState extends WorkingState {
  readonly facts: FactsState;
  /** The values in the text that was loaded or stored last. If this request wrote it, null until first needed. */
  #storedValues: Readonly<Values> | null;

  private constructor(
    serializer: SessionSerializer,
    createdAt: number,
    snapshot: Snapshot | null,
    flash: FlashState,
    log: ChangeLog,
  ) {
    super(serializer, snapshot, flash, log);
    const payload = snapshot === null ? null : snapshot.payload;
    this.facts = new FactsState(createdAt, payload);
    this.#storedValues = payload === null ? null : payload.d;
  }

  /** The state of a session that is not stored. */
  static empty(serializer: SessionSerializer, createdAt: number): SessionState {
    const log = new ChangeLog();
    return new SessionState(serializer, createdAt, null, new FlashState(log), log);
  }

  /**
   * The state of a loaded session.
   *
   * @param text the text that `payload` was parsed from
   * @param consumesFlash false if the request must not consume flash messages
   */
  static loaded(
    serializer: SessionSerializer,
    payload: Payload,
    text: string,
    consumesFlash: ConsumesFlash,
  ): SessionState {
    const log = new ChangeLog();
    const flash = new FlashState(log, payload.f, payload.n, consumesFlash);
    return new SessionState(serializer, payload.c, { payload, text }, flash, log);
  }

  /** The state after the same request reloaded the session: changes that it did not store are discarded. */
  reloaded(payload: Payload, text: string): SessionState {
    const log = this.log.reloaded();
    const flash = this.flash.reloaded(log, payload.f);
    return new SessionState(this.serializer, payload.c, { payload, text }, flash, log);
  }

  /**
   * The state as it was loaded or stored last, without later changes. Null if nothing is stored, or it cannot
   * be read.
   */
  reloadedFromText(): SessionState | null {
    if (this.snapshot === null) return null;
    const { text } = this.snapshot;
    const parsed = parsePayload(text, this.serializer);
    return parsed.kind === 'session' ? this.reloaded(parsed.payload, text) : null;
  }

  /** The values as they were loaded or stored last. Must not be changed. Null if nothing is stored. */
  get storedValues(): Readonly<Values> | null {
    return this.snapshot === null ? null : this.#storedIn(this.snapshot);
  }

  /** When the session that was loaded or stored last began; epoch ms. */
  get storedCreatedAt(): number {
    return this.snapshot === null ? this.facts.createdAt : this.snapshot.payload.c;
  }

  #storedIn({ text }: Snapshot): Readonly<Values> {
    return (this.#storedValues ??= valuesIn(text, this.serializer));
  }

  /** For `invalidate`: keeps nothing except what this request itself flashed. */
  beginAnew(now: number): void {
    this.flash.leaveOthers();
    this.facts.beginAnew(now);
  }

  /** Whether a commit has anything to store. */
  get hasChanges(): boolean {
    const { log, facts, flash, tracker } = this;
    if (log.effective > 0 || facts.hasChanges || (flash.batches.length > 0 && flash.agingDue)) return true;
    return tracker !== null && this.#mutated(tracker);
  }

  /** Whether this request itself changed anything. */
  get modified(): boolean {
    const { log, facts, tracker } = this;
    return log.effective > 0 || facts.hasChanges || (tracker !== null && this.#mutated(tracker));
  }

  /** Whether objects were handed out that the application may mutate. */
  get isTracking(): boolean {
    return this.tracker !== null;
  }

  /** Whether something that was handed out was mutated in place. Called last, because it compares all values. */
  #mutated(tracker: MutationTracker): boolean {
    const { snapshot } = this;
    return snapshot !== null && tracker.mutated(this.readonlyValues, () => this.#storedIn(snapshot));
  }

  /**
   * The top-level key under which something was mutated in place; undefined if there is anything else to
   * store.
   */
  get mutatedKey(): string | undefined {
    if (this.log.effective > 0 || this.facts.hasChanges || this.flash.agingDue || this.snapshot === null)
      return undefined;
    return this.tracker?.mutatedKey(this.readonlyValues, this.#storedIn(this.snapshot));
  }

  /**
   * Creates the payload that a commit is to store.
   *
   * @param writer the id of this write (pending-write.ts)
   * @param id the session's id, if the payload itself has to contain it
   * @throws SessionValueError if something cannot be stored; all changes stay pending then
   */
  draft(writer: string | undefined, id: string | undefined): Draft {
    if (this.tracker !== null) this.takeReplaced(this.tracker);
    const n = (this.snapshot?.payload.n ?? 0) + 1;
    const flash = this.flash.batchesFor(n);
    const payload: Payload = { v: PAYLOAD_FORMAT, n, c: this.facts.createdAt, d: this.readonlyValues };
    if (id !== undefined) payload.i = id;
    this.facts.writeTo(payload);
    if (flash.length > 0) payload.f = flash;
    if (writer !== undefined) payload.w = writer;
    // Another serializer may keep less of a value (a bigint as text), which is no mutation of what is read later.
    if (this.serializer !== JSON && this.owned === 'all') this.track(this.values);
    const plain = this.plain && this.tracker === null && flash.length === 0;
    const text = serialize(payload, this.serializer, plain);
    const copy = this.tracker === null ? null : deepCopy(this.values);
    const isExact = plain && this.serializer === JSON;
    // Other requests may share the values from now on.
    if (isExact) this.owned = 'nothing';
    return { text, payload, changes: this.log.pending.length, copy, isExact };
  }

  /**
   * Called when a draft was stored: its changes are no longer pending. Later changes stay pending, as do all
   * changes of a draft that was never stored.
   */
  onStored(draft: Draft): void {
    const { payload } = draft;
    this.snapshot = draft;
    this.#storedValues = draft.isExact ? payload.d : null;
    this.tracker?.onStored(draft.copy);
    this.log.dropStored(draft.changes, payload.n);
    this.facts.onStored(payload);
    this.flash.onStored(payload.f);
  }

  /**
   * Replays this request's changes on the newest record, because another request wrote first.
   *
   * @throws SessionValueError if a change is no longer possible there (a push on a value that is no longer a
   * list)
   */
  rebase(payload: Payload, text: string): void {
    if (this.tracker !== null) this.takeReplaced(this.tracker);
    const old = this.readonlyValues;
    const before = this.snapshot;
    const mutations =
      this.tracker === null || before === null
        ? []
        : this.tracker.mutations(old, this.#storedIn(before), this.log.pending);
    const values = copyOfValues(payload.d, text, this.serializer);
    try {
      this.log.pending = replay(values, [...this.log.pending, ...mutations], old);
    } catch (cause) {
      throw new SessionValueError(
        `Another request changed the session meanwhile, and this request's changes do not fit it any more: ${messageOf(cause)}`,
        { atCommit: true, cause },
      );
    }
    // Two numbers that JSON can store may add up to one that it cannot (Infinity).
    if (this.log.pending.some(({ op }) => op === 'increment')) this.plain = false;
    this.snapshot = { payload, text };
    this.#storedValues = payload.d;
    this.facts.rebase(payload);
    this.readonlyValues = values;
    this.owned = 'all';
    this.flash.rebase(payload.f);
    this.tracker?.keep(
      old,
      before === null ? null : () => valuesIn(before.text, this.serializer),
      values,
      payload.d,
    );
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof SessionError ? cause.message : 'the function given to update() threw (see cause).';
}
