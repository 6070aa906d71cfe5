import type { ChangeLog } from './change-log.js';
import type { FlashChange } from './changes.js';
import type { ConsumesFlash, FlashReader } from './flash-aging.js';
import { isAgingDue, latestUnread, leftOf, usesUp } from './flash-aging.js';
import { FlashLayers, type Flashed, NOTHING, joined, overlaid, renewed } from './flash-layers.js';
import { OutgoingFlash, holds } from './outgoing-flash.js';
import type { FlashBatch } from './payload.js';
import { type Values, readPath } from './values.js';

const NONE: ReadonlySet<string> = new Set();

/**
 * The flash messages of a session as one request sees them.
 *
 * Messages are stored in batches, each under the number of the write that stored it. A request knows the
 * highest number at the time it loaded the session; its commit drops the batches up to that number, and no
 * others. So no request ages messages that it did not see. Messages that the request flashes itself are
 * changes in the log of its session.
 */
export class FlashState {
  readonly #log: ChangeLog;
  readonly #seen: number;
  readonly #consumes: ConsumesFlash;
  /** What previous requests had flashed when this request loaded the session. */
  readonly #before: Flashed;
  #previous: Values | null = null;
  /** The batches as loaded or stored last. Changed here only. */
  batches: readonly FlashBatch[];
  /** The messages readable in this request: from before, flashed now, for now only. Null: just those from before. */
  #visible: FlashLayers | null = null;
  /** The result of the flash changes in the log. Null if there are none. */
  #outgoing: OutgoingFlash | null = null;
  /** Whether messages were read to show them. If so, messages that stay until they are read are consumed too. */
  #wasRead = false;
  /** The names of messages from before that a commit of this request has dropped. */
  readonly #dropped = new Set<string>();

  /**
   * @param log the log that changes are recorded in
   * @param seen the number of the write that was loaded
   * @param consumes false for a request that must not consume messages, `hidden` for one that must not see them
   * @param before what this request saw first, if it reloads the session
   */
  constructor(
    log: ChangeLog,
    batches: readonly FlashBatch[] = [],
    seen = 0,
    consumes: ConsumesFlash = true,
    before = consumes === 'hidden' || batches.length === 0 ? NOTHING : joined(batches),
  ) {
    this.#log = log;
    this.batches = batches;
    this.#seen = seen;
    this.#consumes = consumes;
    this.#before = before;
  }

  /**
   * The messages after the same request reloaded the session. What it saw before still counts as seen.
   *
   * @param log contains what the request has stored, which is still meant for the next request
   */
  reloaded(log: ChangeLog, batches: readonly FlashBatch[] = []): FlashState {
    const again = new FlashState(log, batches, this.#seen, this.#consumes, this.#before);
    again.#wasRead = this.#wasRead;
    for (const name of this.#dropped) again.#dropped.add(name);
    if (log.storedFlash.length > 0) again.#outgoing = new OutgoingFlash(this.#before, log, again.#dropped);
    const since = this.#consumes === 'hidden' ? [] : batches.filter(([stamp]) => stamp > this.#seen);
    const left = again.#left;
    if (left !== this.#before || since.length > 0)
      again.#visible = new FlashLayers(renewed(left, joined(since)));
    return again;
  }

  // ---- reading -------------------------------------------------------------------------------------------------

  /** What the previous request flashed, messages and fields; nothing if this request has ended the session. Must not be changed. */
  get previous(): Values {
    this.#wasRead = true;
    return this.#log.hasEnded ? NOTHING.messages : this.#all;
  }

  /**
   * The messages of the previous request without form fields, so that no name in it was chosen by a visitor.
   * Must not be changed.
   */
  get previousMessages(): Values {
    return this.#log.hasEnded ? NOTHING.messages : this.#before.messages;
  }

  get #all(): Values {
    return (this.#previous ??= overlaid(this.#before));
  }

  /** The message or field readable in this request at a path; undefined if there is neither. */
  read(path: string): unknown {
    const found = this.#find(path);
    if (found !== undefined) this.#wasRead = true;
    return found;
  }

  #find(path: string): unknown {
    return this.#visible === null ? readPath(this.#all, path) : this.#visible.read(path);
  }

  /** Everything readable in this request, as a new plain object. */
  all(): Values {
    this.#wasRead = true;
    return this.#visible === null ? { ...this.#all } : this.#visible.all();
  }

  /** The messages readable in this request, without form fields. Must not be changed. */
  get messages(): Values {
    return this.#visible === null ? this.#before.messages : this.#visible.messages;
  }

  /** Whether nothing is readable in this request. */
  get isEmpty(): boolean {
    return this.#visible === null ? Object.keys(this.#all).length === 0 : this.#visible.isEmpty;
  }

  // ---- changing ------------------------------------------------------------------------------------------------

  /** Shows a message in this request and the next. */
  flash(path: string, value: unknown): void {
    this.now(path, value);
    this.#change({ op: 'write', path, value });
  }

  /**
   * Adds messages to a list that is shown in this request and the following ones until one of them reads it.
   * Its name is taken literally.
   */
  append(name: string, messages: readonly unknown[]): void {
    this.#shownNow().append(name, messages);
    this.#change({ op: 'append', name, messages });
  }

  /**
   * Shows the fields of a form in this request and the next. They replace fields that this request flashed
   * before. Their names come from a visitor and are taken literally.
   */
  flashFields(fields: Values): void {
    this.#shownNow().setFields(fields);
    if (Object.keys(fields).length > 0 || this.#outgoing?.hasFields === true)
      this.#change({ op: 'setFields', fields });
  }

  /** Shows a message in this request only. */
  now(path: string, value: unknown): void {
    this.#shownNow().write(path, value);
  }

  /**
   * Keeps the previous request's messages for one more request: all of them, or those at the given paths.
   * What this request has removed of them stays removed, and what it flashed under the same name is not replaced.
   */
  keep(paths?: readonly string[]): void {
    const left = this.#left === this.#before ? this.#all : overlaid(this.#left);
    for (const path of paths ?? Object.keys(left))
      if (readPath(left, path) !== undefined && this.#outgoing?.replaces(path) !== true)
        this.#change({ op: 'keep', path });
  }

  /** What this request has not removed of the messages of the previous one. */
  get #left(): Flashed {
    return this.#outgoing?.left ?? this.#before;
  }

  /**
   * Removes a message, whichever request flashed it, stored or not. Returns false if there is none.
   *
   * @param op `take` for a message that is shown: it stays stored if this request must not consume any
   */
  forget(path: string, op: 'remove' | 'take' = 'remove'): boolean {
    const readable = this.#find(path) !== undefined;
    // After a reload, what this request has stored need not be readable: a job sees no messages.
    const outgoing = this.#outgoing?.has(path) === true;
    if (readable) this.#shownNow().remove(path);
    // A message of the previous request is no reason to commit here: the caller decides.
    if (readable || outgoing) this.#change({ op, path }, outgoing);
    return readable || outgoing;
  }

  /** Removes all messages of this request. */
  clear(): void {
    this.#wasRead = true;
    this.#visible = new FlashLayers();
    const outgoing = this.#outgoing?.isEmpty === false;
    if (outgoing || Object.keys(this.#all).length > 0) this.#change({ op: 'clear' }, outgoing);
  }

  /** Drops messages that other requests flashed, seen or not. They are those of a session that has ended. */
  leaveOthers(): void {
    this.#log.record({ op: 'leaveOthers' }, false);
  }

  #shownNow(): FlashLayers {
    return (this.#visible ??= new FlashLayers(this.#before));
  }

  #change(change: FlashChange, effective = true): void {
    (this.#outgoing ??= new OutgoingFlash(this.#before, this.#log, this.#dropped)).perform(change);
    this.#log.record({ op: 'flash', change }, effective);
  }

  // ---- storing -------------------------------------------------------------------------------------------------

  /** Whether a commit has consumed messages to drop. The log tells what this request changed. */
  get agingDue(): boolean {
    return isAgingDue(this.batches, this.#reader);
  }

  get #reader(): FlashReader {
    return {
      seen: this.#seen,
      consumes: this.#consumes,
      wasRead: this.#wasRead,
      taken: this.#outgoing?.taken ?? NONE,
      kept: this.#outgoing?.kept ?? NONE,
    };
  }

  /** The batches to store under the number of a new write. */
  batchesFor(stamp: number): FlashBatch[] {
    const outgoing = this.#outgoing;
    const pending = outgoing === null ? [] : outgoing.pendingBatches(stamp);
    if (this.batches.length === 0) return pending;
    const alone = this.#log.isEnding;
    const left = this.batches.flatMap((batch) => {
      if (outgoing?.hasStored(batch[0]) === true) return outgoing.leftOf(batch, true);
      return alone ? [] : this.#leftOf(batch);
    });
    return outgoing?.hasUnread === true ? latestUnread([...left, ...pending]) : [...left, ...pending];
  }

  #leftOf(batch: FlashBatch): FlashBatch[] {
    if (batch[0] > this.#seen || this.#consumes === 'hidden') return [batch];
    const rest = this.#outgoing?.leftOf(batch, usesUp(this.#reader)) ?? [batch];
    return rest.flatMap((each) => leftOf(each, this.#reader));
  }

  /** Called after a write succeeded and the log was updated: these are the stored batches now. */
  onStored(batches: readonly FlashBatch[] = []): void {
    for (const name of Object.keys(this.#before.messages))
      if (holds(this.batches, name, this.#seen) && !holds(batches, name, this.#seen)) this.#dropped.add(name);
    this.batches = batches;
    if (this.#outgoing !== null) this.#outgoing = new OutgoingFlash(this.#before, this.#log, this.#dropped);
  }

  /** Called after another request wrote first: this request's messages are added to the newer batches. */
  rebase(batches: readonly FlashBatch[] = []): void {
    this.batches = batches;
  }
}
