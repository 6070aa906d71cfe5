import type { ChangeLog } from './change-log.js';
import type { FlashChange } from './changes.js';
import { type ConsumesFlash, type FlashReader, isAgingDue, leftOf } from './flash-aging.js';
import { FlashLayers, type Flashed, NOTHING, joined, overlaid } from './flash-layers.js';
import { OutgoingFlash } from './outgoing-flash.js';
import type { FlashBatch } from './payload.js';
import { type Values, readPath } from './values.js';

const NONE: ReadonlySet<string> = new Set();

/**
 * The flash messages of one session as one request sees them.
 *
 * Messages lie in batches, each under the number of the write that stored it. A request knows the highest number that
 * it saw when it loaded the session; at commit it drops the batches up to that one, and no other. So no request ever
 * ages messages that it did not see. What it flashes itself is a change in the log of its session.
 */
export class FlashState {
  readonly #log: ChangeLog;
  readonly #seen: number;
  readonly #consumes: ConsumesFlash;
  /** What the previous request flashed, as it was when this request loaded the session. */
  readonly #before: Flashed;
  #previous: Values | null = null;
  /** As loaded or stored last. */
  #batches: readonly FlashBatch[];
  /** Readable in this request: before, flashed now, and for now only. Null: the same as before. */
  #visible: FlashLayers | null = null;
  /** What the log comes to, of flash messages. Null: nothing. */
  #outgoing: OutgoingFlash | null = null;
  /** Whether messages were read by whoever shows them: then those that stay until they are read are used up, too. */
  #wasRead = false;

  /**
   * @param log where changes are recorded
   * @param seen the number of the write that was loaded
   * @param consumes false for a request that must not use messages up, `hidden` where it does not see them either
   * @param before what this request saw first, where it loads the session once more
   */
  constructor(
    log: ChangeLog,
    batches: readonly FlashBatch[] = [],
    seen = 0,
    consumes: ConsumesFlash = true,
    before = consumes === 'hidden' ? NOTHING : joined(batches),
  ) {
    this.#log = log;
    this.#batches = batches;
    this.#seen = seen;
    this.#consumes = consumes;
    this.#before = before;
  }

  /**
   * The messages of the same request after it loaded the session once more: what it saw before is not shown as new.
   *
   * @param log with what the request has stored: that is still for the next one
   */
  reloaded(log: ChangeLog, batches: readonly FlashBatch[] = []): FlashState {
    const again = new FlashState(log, batches, this.#seen, this.#consumes, this.#before);
    again.#wasRead = this.#wasRead;
    if (log.storedFlash.length > 0) again.#outgoing = new OutgoingFlash(this.#before, log);
    const since = this.#consumes === 'hidden' ? [] : batches.filter(([stamp]) => stamp > this.#seen);
    if (since.length > 0) {
      const { messages, fields } = joined(since);
      again.#visible = new FlashLayers({
        messages: { ...this.#before.messages, ...messages },
        fields: { ...this.#before.fields, ...fields },
      });
    }
    return again;
  }

  // ---- reading -------------------------------------------------------------------------------------------------

  /** What the previous request flashed, messages and fields. Not to be changed. */
  get previous(): Values {
    this.#wasRead = true;
    return this.#all;
  }

  /** Of those the messages alone, without the fields of forms: what a visitor cannot have named. Not to be changed. */
  get previousMessages(): Values {
    return this.#before.messages;
  }

  get #all(): Values {
    return (this.#previous ??= overlaid(this.#before));
  }

  /** The message readable in this request at a path, or the field; undefined where there is neither. */
  read(path: string): unknown {
    const found = this.#find(path);
    if (found !== undefined) this.#wasRead = true;
    return found;
  }

  #find(path: string): unknown {
    return this.#visible === null ? readPath(this.#all, path) : this.#visible.read(path);
  }

  /** Everything readable in this request, as a plain object of its own. */
  all(): Values {
    this.#wasRead = true;
    return this.#visible === null ? { ...this.#all } : this.#visible.all();
  }

  /** The messages readable in this request, without the fields of forms. Not to be changed. */
  get messages(): Values {
    return this.#visible === null ? this.#before.messages : this.#visible.messages;
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

  /** Shows a message in this request and in those that follow until one reads it. Its name is taken to the letter. */
  flashUntilRead(name: string, value: unknown): void {
    this.#shownNow().set(name, value);
    this.#change({ op: 'writeUntilRead', name, value });
  }

  /**
   * Shows the fields of a form in this request and the next, in place of those that this request has flashed before:
   * what was said last is what is kept. Their names come from a visitor and are taken literally.
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
   * Lets the previous request's messages live one request more: all of them, or those at the given paths. What this
   * request flashed under the same name stays as it is.
   */
  keep(paths: readonly string[] = Object.keys(this.#all)): void {
    for (const path of paths) {
      if (readPath(this.#all, path) !== undefined && this.#outgoing?.has(path) !== true)
        this.#change({ op: 'keep', path });
    }
  }

  /** Takes a message back, whoever flashed it, stored or not. Returns false where there is none. */
  forget(path: string): boolean {
    const readable = this.#find(path) !== undefined;
    // Kept after a flush, a message is on its way without being readable.
    const outgoing = this.#outgoing?.has(path) === true;
    if (readable) this.#shownNow().remove(path);
    // A message of the previous request needs no change of its own: it goes when its batch does.
    if (readable || outgoing) this.#change({ op: 'remove', path }, outgoing);
    return readable || outgoing;
  }

  /** Takes all messages of this request back. */
  clear(): void {
    this.#wasRead = true;
    this.#visible = new FlashLayers();
    if (this.#outgoing?.isEmpty === false) this.#change({ op: 'clear' });
  }

  /** Leaves behind what other requests flashed, seen or not: the session goes on without them. */
  leaveOthers(): void {
    this.#log.record({ op: 'leaveOthers' }, false);
  }

  #shownNow(): FlashLayers {
    return (this.#visible ??= new FlashLayers(this.#before));
  }

  #change(change: FlashChange, effective = true): void {
    (this.#outgoing ??= new OutgoingFlash(this.#before, this.#log)).perform(change);
    this.#log.record({ op: 'flash', change }, effective);
  }

  // ---- storing -------------------------------------------------------------------------------------------------

  /** Whether a commit has messages to drop that had their time. What this request changed, the log says. */
  get agingDue(): boolean {
    return this.#batches.length > 0 && isAgingDue(this.#batches, this.#reader);
  }

  get #reader(): FlashReader {
    return {
      seen: this.#seen,
      consumes: this.#consumes,
      wasRead: this.#wasRead,
      taken: this.#outgoing?.taken ?? NONE,
    };
  }

  /** The batches to store under the number of a new write. */
  batchesFor(stamp: number): FlashBatch[] {
    const outgoing = this.#outgoing;
    const pending = outgoing === null ? [] : outgoing.pendingBatches(stamp);
    if (this.#batches.length === 0) return pending;
    const alone = this.#log.pending.some(({ op }) => op === 'leaveOthers');
    const reader = this.#reader;
    const left = this.#batches.flatMap(
      (batch) => outgoing?.storedBatches(batch[0]) ?? (alone ? [] : leftOf(batch, reader)),
    );
    return [...left, ...pending];
  }

  /** A write succeeded, and the log knows what is in it: these are the stored batches now. */
  stored(batches: readonly FlashBatch[] = []): void {
    this.#batches = batches;
    if (this.#outgoing !== null) this.#outgoing = new OutgoingFlash(this.#before, this.#log);
  }

  /** Another request wrote first: what this one has to store goes on top of newer batches. */
  rebase(batches: readonly FlashBatch[] = []): void {
    this.#batches = batches;
  }
}
