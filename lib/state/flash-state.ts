import { type ChangeLog, isFlashChange } from './change-log.js';
import type { FlashChange } from './changes.js';
import { FlashLayers, type Flashed, joined, overlaid } from './flash-layers.js';
import { OutgoingFlash } from './outgoing-flash.js';
import type { FlashBatch } from './payload.js';
import { type Values, pick, readPath } from './values.js';

/**
 * Whether a request uses messages up, or how to find out: asked only where there are messages, and no sooner than at a
 * commit, when more is known of the request.
 */
export type ConsumesFlash = boolean | (() => boolean);

export type { ConsumesFlash as Ages };

/** What a request saw when it loaded its session first. It stays so if it loads the session once more. */
interface SeenFlash {
  /** The number of the write that was loaded. */
  readonly stamp: number;
  /** What earlier requests flashed. */
  readonly flashed: Flashed;
  readonly consumes: ConsumesFlash;
}

/**
 * The flash messages of one session as one request sees them.
 *
 * Messages lie in batches, each under the number of the write that stored it. A request knows the highest number that
 * it saw when it loaded the session; at commit it drops the batches up to that one, and no other. So no request ever
 * ages messages that it did not see. What it flashes itself is a change in the log of its session.
 */
export class FlashState {
  readonly #log: ChangeLog;
  readonly #seen: SeenFlash;
  #previous: Values | null = null;
  /** As loaded or stored last. */
  #batches: readonly FlashBatch[];
  /** Readable in this request: seen, flashed now, and for now only. Null: the same as seen. */
  #visible: FlashLayers | null = null;
  /** What the log comes to, of flash messages. Null: nothing. */
  #outgoing: OutgoingFlash | null = null;
  /** Whether messages were read by whoever shows them: then those that stay until they are read are used up, too. */
  #shown = false;

  private constructor(batches: readonly FlashBatch[], log: ChangeLog, seen: SeenFlash) {
    this.#batches = batches;
    this.#log = log;
    this.#seen = seen;
  }

  /**
   * @param stamp the number of the write that was loaded
   * @param consumes false for a request that must not use messages up
   * @param log where the changes are recorded
   */
  static loaded(
    batches: readonly FlashBatch[],
    stamp: number,
    consumes: ConsumesFlash,
    log: ChangeLog,
  ): FlashState {
    return new FlashState(batches, log, { stamp, flashed: joined(batches), consumes });
  }

  /**
   * The messages of the same request after it loaded the session once more: what it saw before is not shown as new.
   *
   * @param log with what the request has stored; what is stored is still for the next request
   */
  reloaded(batches: readonly FlashBatch[], log: ChangeLog): FlashState {
    const again = new FlashState(batches, log, this.#seen);
    again.#shown = this.#shown;
    again.#outgoing = OutgoingFlash.of(log, this.#seen.flashed);
    const since = batches.filter(([stamp]) => stamp > this.#seen.stamp);
    if (since.length > 0) {
      const { messages, fields } = joined(since);
      again.#visible = new FlashLayers({
        messages: { ...this.#seen.flashed.messages, ...messages },
        fields: { ...this.#seen.flashed.fields, ...fields },
      });
    }
    return again;
  }

  // ---- reading -------------------------------------------------------------------------------------------------

  /** What the previous request flashed, messages and fields. Not to be changed. */
  get previous(): Values {
    this.#shown = true;
    return this.#all;
  }

  get #all(): Values {
    return (this.#previous ??= overlaid(this.#seen.flashed));
  }

  /** The message readable in this request at a path, or the field; undefined where there is neither. */
  read(path: string): unknown {
    const found = this.#find(path);
    if (found !== undefined) this.#shown = true;
    return found;
  }

  #find(path: string): unknown {
    return this.#visible === null ? readPath(this.#all, path) : this.#visible.read(path);
  }

  /** Everything readable in this request, as a plain object of its own. */
  all(): Values {
    this.#shown = true;
    return this.#visible === null ? { ...this.#all } : this.#visible.all();
  }

  /** The messages readable in this request, without the fields of forms. Not to be changed. */
  get messages(): Values {
    return this.#visible === null ? this.#seen.flashed.messages : this.#visible.messages;
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

  /** Shows a message in this request and the next; `untilRead`: and in those that follow until one reads it. */
  flash(path: string, value: unknown, untilRead = false): void {
    this.now(path, value);
    this.#change({ op: 'flash', path, value, untilRead });
  }

  /**
   * Shows the fields of a form in this request and the next, in place of those that this request has flashed before:
   * what was said last is what is kept. Their names come from a visitor and are taken literally.
   */
  flashFields(fields: Values): void {
    this.#shownNow().setFields(fields);
    if (Object.keys(fields).length > 0 || this.#outgoing?.hasFields === true)
      this.#change({ op: 'flashFields', fields });
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
        this.#change({ op: 'keepFlash', path });
    }
  }

  /** Takes a message back, whoever flashed it, stored or not. Returns false where there is none. */
  forget(path: string): boolean {
    const readable = this.#find(path) !== undefined;
    // Kept after a flush, a message is on its way without being readable.
    const outgoing = this.#outgoing?.has(path) === true;
    if (readable) this.#shownNow().remove(path);
    // One of an earlier request is gone with the others of that.
    if (readable || outgoing) this.#change({ op: 'forgetFlash', path }, outgoing);
    return readable || outgoing;
  }

  /** Takes all messages of this request back. */
  clear(): void {
    this.#shown = true;
    this.#visible = new FlashLayers();
    if (this.#outgoing !== null && !this.#outgoing.isEmpty) this.#change({ op: 'clearFlash' });
  }

  /** Leaves behind what other requests flashed, seen or not: the session goes on without them. */
  leaveOthers(): void {
    this.#log.record({ op: 'leaveOthers' }, false);
  }

  #shownNow(): FlashLayers {
    return (this.#visible ??= new FlashLayers(this.#seen.flashed));
  }

  #change(change: FlashChange, effective = true): void {
    (this.#outgoing ??= new OutgoingFlash(this.#seen.flashed)).perform(change);
    this.#log.record(change, effective);
  }

  // ---- storing -------------------------------------------------------------------------------------------------

  /** Whether a commit has messages to drop that had their time. What this request changed, the log says. */
  get due(): boolean {
    return this.#batches.some((batch) => this.#isSpent(batch)) && this.#consumes();
  }

  /** Whether a batch, or a part of it, has had its time where this request uses messages up. */
  #isSpent(batch: FlashBatch): boolean {
    return batch[0] <= this.#seen.stamp && this.#unreadOf(batch) !== batch;
  }

  #consumes(): boolean {
    const { consumes } = this.#seen;
    return typeof consumes === 'function' ? consumes() : consumes;
  }

  /** What stays of a batch that this request uses up; the very batch where that is all of it, null where it is nothing. */
  #unreadOf(batch: FlashBatch): FlashBatch | null {
    const [stamp, messages, fields = {}, untilRead = []] = batch;
    if (untilRead.length === 0 || this.#shown) return null;
    const unread = untilRead.filter(
      (name) => Object.hasOwn(messages, name) && this.#outgoing?.hasTaken(name) !== true,
    );
    if (unread.length === 0) return null;
    const isAll = unread.length === Object.keys(messages).length && Object.keys(fields).length === 0;
    return isAll ? batch : [stamp, pick(messages, unread), {}, unread];
  }

  /** The batches to store under the number of a new write. */
  batchesFor(stamp: number): FlashBatch[] {
    const alone = this.#log.pending.some(({ op }) => op === 'leaveOthers');
    const outgoing = this.#outgoing;
    const batches: FlashBatch[] = [];
    for (const batch of this.#batches) {
      if (outgoing?.owns(batch[0]) === true) {
        batches.push(...outgoing.batches(batch[0]));
      } else if (!alone) {
        const left = this.#isSpent(batch) && this.#consumes() ? this.#unreadOf(batch) : batch;
        if (left !== null) batches.push(left);
      }
    }
    return outgoing === null ? batches : [...batches, ...outgoing.batches(stamp)];
  }

  /** A write succeeded, and the log knows it: these are the stored batches now. */
  stored(batches: readonly FlashBatch[], stamp: number): void {
    this.#batches = batches;
    // What was changed while the write was under way is not in it.
    if (this.#log.pending.some(isFlashChange))
      this.#outgoing = OutgoingFlash.of(this.#log, this.#seen.flashed);
    else this.#outgoing?.stored(stamp);
  }

  /** Another request wrote first: what this one has to store goes on top of newer batches. */
  rebase(batches: readonly FlashBatch[]): void {
    this.#batches = batches;
  }
}
