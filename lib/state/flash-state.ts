import type { ChangeLog } from './change-log.js';
import type { FlashChange } from './changes.js';
import { type ConsumesFlash, consumesNow, remainderOf } from './flash-aging.js';
import { NOTHING, joined, latestUnread, overlaid, renewed } from './flash-batches.js';
import { FlashLayers } from './flash-layers.js';
import { type FlashBefore, OutgoingFlash } from './outgoing-flash.js';
import type { FlashBatch } from './payload.js';
import { type Values, readPath } from './values.js';

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
  readonly #consumes: ConsumesFlash;
  readonly #before: FlashBefore;
  #previous: Values | null = null;
  /** The batches as loaded or stored last. */
  #batches: readonly FlashBatch[];
  /**
   * The messages readable in this request: from before, flashed now, and for now only. Null if nothing was
   * added to those from before.
   */
  #visible: FlashLayers | null = null;
  /** The batches after the flash changes in the log. Null until first needed. */
  #outgoing: OutgoingFlash | null = null;
  /** Whether messages were read to show them. If so, messages that stay until they are read are consumed too. */
  #wasRead = false;

  /**
   * @param log the log that changes are recorded in
   * @param seen the number of the write that was loaded
   * @param consumes false for a request that must not consume messages, `hidden` if it must not see them
   * either
   * @param before what this request saw first, if it reloads the session
   */
  constructor(
    log: ChangeLog,
    batches: readonly FlashBatch[] = [],
    seen = 0,
    consumes: ConsumesFlash = true,
    before: FlashBefore = consumes === 'hidden'
      ? { flashed: NOTHING, seen: -1, dropped: new Map() }
      : { flashed: joined(batches), seen, dropped: new Map() },
  ) {
    this.#log = log;
    this.#batches = batches;
    this.#consumes = consumes;
    this.#before = before;
  }

  /**
   * The messages after the same request reloaded the session. Messages that it saw before still count as
   * seen.
   *
   * @param log contains what the request has stored, which is still meant for the next request
   */
  reloaded(log: ChangeLog, batches: readonly FlashBatch[] = []): FlashState {
    const { flashed, seen, dropped } = this.#before;
    const before = { flashed, seen, dropped: new Map(dropped) };
    const again = new FlashState(log, batches, seen, this.#consumes, before);
    again.#wasRead = this.#wasRead;
    const since = this.#consumes === 'hidden' ? [] : batches.filter(([stamp]) => stamp > seen);
    again.#visible = new FlashLayers(renewed(again.#next.left, joined(since)));
    return again;
  }

  // ---- reading -------------------------------------------------------------------------------------------------

  /** What the previous request flashed, messages and fields. Must not be changed. */
  get previous(): Values {
    this.#wasRead = true;
    return this.#all;
  }

  /**
   * The messages of the previous request without form fields, so that no name in it was chosen by a visitor.
   * Must not be changed.
   */
  get previousMessages(): Values {
    return this.#before.flashed.messages;
  }

  get #all(): Values {
    return (this.#previous ??= overlaid(this.#before.flashed));
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
    return this.#visible === null ? this.previousMessages : this.#visible.messages;
  }

  /** Whether nothing is readable in this request. */
  get isEmpty(): boolean {
    return this.#visible === null ? Object.keys(this.#all).length === 0 : this.#visible.isEmpty;
  }

  /** Whether there are messages that stay until they are read: reading them makes a commit due. */
  get holdsUnread(): boolean {
    return this.#batches.some(([, , , untilRead]) => untilRead !== undefined);
  }

  // ---- changing ------------------------------------------------------------------------------------------------

  /** Shows a message in this request and the next. */
  flash(path: string, value: unknown): void {
    this.now(path, value);
    this.#change({ op: 'write', path, value });
  }

  /**
   * Adds messages to a list that is shown in this request and the following ones until one of them reads it,
   * also if this one read it. Its name is taken literally.
   */
  append(name: string, messages: readonly unknown[]): void {
    this.#shownNow.append(name, messages);
    this.#change({ op: 'append', name, messages });
  }

  /**
   * Shows the fields of a form in this request and the next. They replace fields that this request flashed
   * before. Their names come from a visitor and are taken literally.
   */
  flashFields(fields: Values): void {
    this.#shownNow.setFields(fields);
    if (Object.keys(fields).length > 0 || this.#next.hasFields) this.#change({ op: 'setFields', fields });
  }

  /** Shows a message in this request only. */
  now(path: string, value: unknown): void {
    this.#shownNow.write(path, value);
  }

  /**
   * Keeps the previous request's messages for one more request: all of them, or those at the given paths, but
   * none that this request removed. Messages that it flashed under the same name are not replaced.
   */
  keep(paths: readonly string[] = Object.keys(this.#all)): void {
    for (const path of paths) if (this.#next.canKeep(path)) this.#change({ op: 'keep', path });
  }

  /**
   * Removes a message, whichever request flashed it, stored or not. Returns false if there is none.
   *
   * @param op `take` for a message that is shown: it stays stored if this request must not consume any
   */
  forget(path: string, op: 'remove' | 'take' = 'remove'): boolean {
    const readable = this.#find(path) !== undefined;
    // What is not readable may still be stored: a message that is kept though `now` replaced it and that was
    // removed, or one that was taken by a request that consumes none.
    const outgoing = this.#outgoing?.has(path) === true;
    const waiting = op === 'remove' && this.#consumes !== true && this.#outgoing?.isWaiting(path) === true;
    if (readable) this.#shownNow.remove(path);
    // A message of the previous request is no reason to commit here: the caller decides.
    if (readable || outgoing || waiting) this.#change({ op, path }, outgoing);
    return readable || outgoing || waiting;
  }

  /** Removes all messages of this request. */
  clear(): void {
    this.#visible = new FlashLayers();
    const outgoing = this.#outgoing?.isEmpty === false;
    if (outgoing || Object.keys(this.#all).length > 0) this.#change({ op: 'clear' }, outgoing);
  }

  /** Drops messages that other requests flashed and this one has not seen. */
  leaveOthers(): void {
    this.#change({ op: 'leaveOthers' }, false);
  }

  get #shownNow(): FlashLayers {
    return (this.#visible ??= new FlashLayers(this.#before.flashed));
  }

  get #next(): OutgoingFlash {
    return (this.#outgoing ??= new OutgoingFlash(this.#before, this.#log, this.#batches));
  }

  #change(change: FlashChange, effective = true): void {
    this.#next.perform(change);
    this.#log.record({ op: 'flash', change }, effective);
  }

  // ---- storing -------------------------------------------------------------------------------------------------

  /** Whether a commit has consumed messages to drop. The log tells what this request changed. */
  get agingDue(): boolean {
    const isSpent = (batch: FlashBatch): boolean =>
      batch[0] <= this.#before.seen && remainderOf(batch, this.#stays)[0] !== batch;
    return this.#batches.some(isSpent) && consumesNow(this.#consumes);
  }

  /** Whether messages of a name that stay until they are read stay after this request. */
  readonly #stays = (name: string): boolean =>
    this.#outgoing === null ? !this.#wasRead : this.#outgoing.stays(name, this.#wasRead);

  /** The batches to store under the number of a new write. */
  batchesFor(stamp: number): FlashBatch[] {
    if (this.#batches.length === 0 && this.#outgoing === null) return [];
    return latestUnread(this.#next.batchesFor(stamp, () => consumesNow(this.#consumes), this.#stays));
  }

  /** Called after the write with a number succeeded and the log was updated: these are the stored batches now. */
  onStored(stamp: number, batches: readonly FlashBatch[] = []): void {
    const { flashed, seen, dropped } = this.#before;
    for (const name of Object.keys(flashed.messages))
      if (holds(this.#batches, name, seen) && !holds(batches, name, seen)) dropped.set(name, stamp);
    this.rebase(batches);
  }

  /** Called after another request wrote first: this request's messages are added to the newer batches. */
  rebase(batches: readonly FlashBatch[] = []): void {
    this.#batches = batches;
    if (this.#outgoing !== null) this.#outgoing = new OutgoingFlash(this.#before, this.#log, batches);
  }
}

/** Whether batches up to a number contain messages of a name. */
function holds(batches: readonly FlashBatch[], name: string, upTo: number): boolean {
  return batches.some(([stamp, messages]) => stamp <= upTo && Object.hasOwn(messages, name));
}
