import { FlashLayers, type Flashed, joined, overlaid } from './flash-layers.js';
import type { FlashBatch } from './payload.js';
import { SentFlash } from './sent-flash.js';
import { UnreadFlash } from './unread-flash.js';
import { type Values, readPath } from './values.js';

/**
 * Whether a request uses messages up, or how to find out: asked only where there are messages, and no sooner than at a
 * commit, when more is known of the request.
 */
export type Ages = boolean | (() => boolean);

/**
 * The flash messages of one session as one request sees them.
 *
 * Messages lie in batches, each under the number of the write that stored it. A request knows the highest number that
 * it saw when it loaded the session; at commit it drops the batches up to that one, and no other. So no request ever
 * ages messages that it did not see.
 */
export class FlashState {
  /** What the previous request flashed, as it was when this request loaded the session. */
  readonly #before: Flashed;
  #previous: Values | null = null;
  #unread = new UnreadFlash();
  readonly #seen: number;
  readonly #ages: Ages;
  #batches: FlashBatch[];
  /** Readable in this request: before, flashed now, and for now only. Null: the same as before. */
  #visible: FlashLayers | null = null;
  /** Flashed or kept by this request and, while something is due, not stored yet. */
  #pending: FlashLayers | null = null;
  #isPending = false;
  /** What a write under way carries, and its number. */
  #inFlight: { readonly stamp: number; readonly sent: SentFlash } | null = null;
  /** What this request stored in earlier commits, by the number of the write. Null: nothing. */
  #own: Map<number, SentFlash> | null = null;
  /** Counts the messages taken back after they were stored, or on their way. */
  #withdrawals = 0;
  #withdrawalsInFlight = 0;
  #withdrawalsStored = 0;
  /** Whether the next write carries nothing of what other requests flashed. */
  #alone = false;
  #aloneInFlight = false;

  /**
   * @param seen the number of the write that was loaded
   * @param ages false for a request that must not use messages up
   * @param before what this request saw first, where it loads the session once more
   */
  constructor(batches: FlashBatch[], seen: number, ages: Ages, before?: Flashed) {
    this.#batches = batches;
    this.#seen = seen;
    this.#ages = ages;
    this.#before = before ?? joined(batches);
  }

  /**
   * The messages of the same request after it loaded the session once more: what it did not store is forgotten; what it
   * stored is still for the next request, and what it saw before is not shown as new.
   */
  reloaded(batches: FlashBatch[]): FlashState {
    const again = new FlashState(batches, this.#seen, this.#ages, this.#before);
    for (const [stamp, messages, fields = {}] of batches) {
      // What was taken back and not stored is back again, too.
      if (this.#own?.has(stamp) === true) again.#addOwn(stamp, new SentFlash({ messages, fields }));
    }
    again.#unread = this.#unread;
    const since = batches.filter(([stamp]) => stamp > this.#seen);
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
    this.#unread.shown();
    return this.#all;
  }

  get #all(): Values {
    return (this.#previous ??= overlaid(this.#before));
  }

  /** The message readable in this request at a path, or the field; undefined where there is neither. */
  read(path: string): unknown {
    const found = this.#find(path);
    if (found !== undefined) this.#unread.shown();
    return found;
  }

  #find(path: string): unknown {
    return this.#visible === null ? readPath(this.#all, path) : this.#visible.read(path);
  }

  /** Everything readable in this request, as a plain object of its own. */
  all(): Values {
    this.#unread.shown();
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

  /** Whether a commit has anything to store here. */
  get due(): boolean {
    return this.modified || (this.#batches.some((batch) => this.#isSpent(batch)) && this.#usesUp());
  }

  /** Whether there are messages that stay until they are read: reading them makes a commit due. */
  get holdsUnread(): boolean {
    return this.#batches.some(([, , , lasting]) => lasting !== undefined);
  }

  /** Whether a batch, or a part of it, has had its time where this request uses messages up. */
  #isSpent(batch: FlashBatch): boolean {
    return batch[0] <= this.#seen && this.#unread.leftOf(batch) !== batch;
  }

  /** Whether this request itself changed anything, aging apart. */
  get modified(): boolean {
    return this.#isPending || this.#withdrawals > this.#withdrawalsStored;
  }

  #usesUp(): boolean {
    return typeof this.#ages === 'function' ? this.#ages() : this.#ages;
  }

  // ---- changing ------------------------------------------------------------------------------------------------

  /** Shows a message in this request and the next. */
  flash(path: string, value: unknown): void {
    this.#unread.taken(path);
    this.now(path, value);
    this.#withdraw(path);
    this.#toStore().write(path, value);
  }

  /** Shows a message in this request, and in those that follow until one reads it. */
  flashUntilRead(name: string, value: unknown): void {
    this.flash(name, value);
    this.#unread.flashed(name);
  }

  /**
   * Shows the fields of a form in this request and the next, in place of those that this request has flashed before:
   * what was said last is what is kept. Their names come from a visitor and are taken literally.
   */
  flashFields(fields: Values): void {
    this.#seenNow().setFields(fields);
    const withdrawn = this.#withdrawFields();
    if (withdrawn || Object.keys(fields).length > 0) this.#toStore().setFields(fields);
    else this.#pending?.setFields(fields);
  }

  /** Shows a message in this request only. */
  now(path: string, value: unknown): void {
    this.#seenNow().write(path, value);
  }

  /**
   * Lets the previous request's messages live one request more: all of them, or those at the given paths. What this
   * request flashed under the same name stays as it is.
   */
  keep(paths: readonly string[] = Object.keys(this.#all)): void {
    for (const path of paths) {
      if (readPath(this.#all, path) === undefined || this.#hasFlashed(path)) continue;
      this.#toStore().keep(this.#before, path);
    }
  }

  #seenNow(): FlashLayers {
    return (this.#visible ??= new FlashLayers(this.#before));
  }

  #toStore(): FlashLayers {
    this.#isPending = true;
    return (this.#pending ??= new FlashLayers());
  }

  #hasFlashed(path: string): boolean {
    if (this.#pending !== null && this.#pending.read(path) !== undefined) return true;
    return this.#sent().some((sent) => sent.has(path));
  }

  /** Takes a message back, whoever flashed it. Returns false where none was readable. */
  forget(path: string): boolean {
    this.#unread.taken(path);
    this.#withdraw(path);
    // Kept after a flush, a message is on its way without being readable.
    const pending = this.#pending !== null && this.#pending.read(path) !== undefined;
    this.#pending?.remove(path);
    if (this.#find(path) === undefined) return pending;
    this.#seenNow().remove(path);
    return true;
  }

  /** Takes all messages of this request back. */
  clear(): void {
    this.#unread.shown();
    this.#visible = new FlashLayers();
    this.#pending = null;
    this.#isPending = false;
    for (const sent of this.#sent()) if (sent.removeAll()) this.#withdrawals += 1;
  }

  /** Leaves behind what other requests flashed, seen or not: the session goes on without them. */
  leaveOthers(): void {
    this.#alone = true;
  }

  /** What is stored already, or on its way. */
  #sent(): readonly SentFlash[] {
    if (this.#own === null) return this.#inFlight === null ? NONE : [this.#inFlight.sent];
    return this.#inFlight === null ? [...this.#own.values()] : [...this.#own.values(), this.#inFlight.sent];
  }

  #withdraw(path: string): void {
    for (const sent of this.#sent()) if (sent.remove(path)) this.#withdrawals += 1;
  }

  /** @returns whether there were any */
  #withdrawFields(): boolean {
    const withdrawals = this.#withdrawals;
    for (const sent of this.#sent()) if (sent.removeFields()) this.#withdrawals += 1;
    return this.#withdrawals > withdrawals;
  }

  // ---- storing -------------------------------------------------------------------------------------------------

  /**
   * The batches to store under the number of a new write. What is pending travels with it until `stored` or
   * `notStored`.
   */
  takeFor(stamp: number): FlashBatch[] {
    this.notStored();
    const rest: FlashBatch[] = [];
    for (const batch of this.#batches) {
      const own = this.#own?.get(batch[0]);
      const left = own === undefined ? this.#leftOf(batch) : null;
      if (own !== undefined) own.appendTo(rest, batch[0], this.#unread);
      else if (left !== null) rest.push(left);
    }
    this.#aloneInFlight = this.#alone;
    this.#withdrawalsInFlight = this.#withdrawals;
    if (this.#pending !== null && this.#isPending) {
      const sent = new SentFlash(this.#pending.take());
      this.#isPending = false;
      this.#inFlight = { stamp, sent };
      sent.appendTo(rest, stamp, this.#unread);
    }
    return rest;
  }

  #leftOf(batch: FlashBatch): FlashBatch | null {
    if (this.#alone) return null;
    return this.#isSpent(batch) && this.#usesUp() ? this.#unread.leftOf(batch) : batch;
  }

  /** The write succeeded: these are the stored batches now. */
  stored(batches: FlashBatch[]): void {
    this.#batches = batches;
    this.#withdrawalsStored = this.#withdrawalsInFlight;
    if (this.#aloneInFlight) this.#alone = false;
    if (this.#inFlight === null) return;
    this.#addOwn(this.#inFlight.stamp, this.#inFlight.sent);
    this.#inFlight = null;
  }

  #addOwn(stamp: number, sent: SentFlash): void {
    (this.#own ??= new Map()).set(stamp, sent);
  }

  /** Another request wrote first: what this one has to store goes on top of newer batches. */
  rebase(batches: FlashBatch[]): void {
    this.#batches = batches;
    this.notStored();
  }

  /** The write did not happen: what it carried is pending again. */
  notStored(): void {
    if (this.#inFlight === null) return;
    const { left } = this.#inFlight.sent;
    this.#inFlight = null;
    this.#toStore().putBack(left);
  }
}

const NONE: readonly SentFlash[] = [];
