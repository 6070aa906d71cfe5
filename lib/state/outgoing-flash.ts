import type { ChangeLog } from './change-log.js';
import type { FlashChange } from './changes.js';
import { FlashLayers, type Flashed, batchOf } from './flash-layers.js';
import type { FlashBatch } from './payload.js';
import { listOf } from './unread-messages.js';
import { pick, readPath } from './values.js';

/**
 * What one request flashed for the following ones: the result of its flash changes, performed in order. What
 * a write stored is kept separately under the number of that write, so that a request ages only what
 * it saw. A later change of this request can still remove it from there.
 *
 * Example with three requests:
 *
 * 1. The first flashes `status`, commits (write 7), flashes `hint`, and ends (write 8). The
 *    batches in the record are 7 with `status` and 8 with `hint`. If it flashed `status` again instead of
 *    `hint`, batch 7 would be empty and batch 8 would have the new message.
 * 2. The second loads the session between the two writes and shows `status`. Its write (9) goes on top of
 *    write 8, and drops batch 7, which it saw; batch 8 stays.
 * 3. The third loads write 9, shows `hint`, and drops batch 8.
 */
export class OutgoingFlash {
  readonly #before: Flashed;
  /** What this request has not removed of that. Null: all of it. */
  #left: FlashLayers | null = null;
  /** What is stored, by the number of the write, including empty ones. */
  readonly #stored = new Map<number, FlashLayers>();
  #pending = new FlashLayers();
  /** The names of messages that stay until they are read. */
  readonly #untilRead = new Set<string>();
  /** The paths of messages that this request replaced or removed. */
  readonly taken = new Set<string>();
  /** The names of messages from before that stay in their batches until they are read in a later request. */
  readonly kept = new Set<string>();
  readonly #dropped: ReadonlySet<string>;
  /** The changes that are not stored yet: stored batches do not contain them. */
  #unstored: FlashChange[] = [];

  /**
   * @param before what the previous request flashed
   * @param log the changes of this request so far
   * @param dropped the names of messages from before that this request dropped in an earlier commit
   */
  constructor(before: Flashed, { storedFlash, pending }: ChangeLog, dropped: ReadonlySet<string>) {
    this.#before = before;
    this.#dropped = dropped;
    for (const [stamp, changes] of storedFlash) {
      for (const change of changes) this.perform(change);
      if (this.#pending.isEmpty) continue;
      this.#stored.set(stamp, this.#pending);
      this.#pending = this.#pending.nextLayers();
    }
    this.#unstored = [];
    for (const each of pending) if (each.op === 'flash') this.perform(each.change);
  }

  perform(change: FlashChange): void {
    this.#unstored.push(change);
    switch (change.op) {
      case 'write':
        this.#pending.write(change.path, change.value);
        for (const layers of this.#stored.values()) layers.removeMessage(change.path);
        this.#take(change.path);
        return;
      case 'append':
        for (const layers of this.#stored.values()) layers.append(change.name, []);
        this.#takeAlong(change.name);
        this.#pending.append(change.name, change.messages);
        this.#untilRead.add(change.name);
        return;
      case 'setFields':
        for (const layers of this.#stored.values()) layers.dropFields();
        this.#pending.setFields(change.fields);
        return;
      case 'keep':
        if (this.#isUnread(change.path)) this.#keepUnread(change);
        else this.#pending.keep(this.left, change.path);
        return;
      case 'remove':
      case 'take':
        for (const layers of this.#allLayers()) layers.remove(change.path);
        (this.#left ??= new FlashLayers(this.#before)).remove(change.path);
        this.#take(change.path);
        return;
      case 'clear':
        this.#untilRead.clear();
        this.kept.clear();
        this.#left = new FlashLayers();
        this.#pending = new FlashLayers();
        for (const stamp of this.#stored.keys()) this.#stored.set(stamp, new FlashLayers());
    }
  }

  /** What this request has not removed of the messages from before. Must not be changed. */
  get left(): Flashed {
    return this.#left === null ? this.#before : this.#left.share();
  }

  #take(path: string): void {
    this.#untilRead.delete(path);
    this.kept.delete(path);
    this.taken.add(path);
  }

  /** Keeps a message from before that a list is added to, as part of that list. */
  #takeAlong(name: string): void {
    if (this.taken.has(name) || this.kept.has(name) || this.#isUnread(name)) return;
    const message = readPath(this.left.messages, name);
    const isOwn = this.#allLayers().some(({ messages }) => readPath(messages, name) !== undefined);
    if (message === undefined || isOwn) return;
    this.kept.add(name);
    const key = Object.hasOwn(this.#before.messages, name) ? name : (name.split('.')[0] ?? name);
    if (this.#dropped.has(key)) this.#pending.append(name, listOf(message));
  }

  /** Whether the name is that of messages from before that stay until they are read. */
  #isUnread(name: string): boolean {
    return this.#before.untilRead?.includes(name) === true;
  }

  /**
   * Keeps messages that stay until they are read. They stay where they are, so that two requests that keep
   * them do not double them. Only if a commit of this request has dropped them, they are stored again.
   */
  #keepUnread(change: Extract<FlashChange, { readonly op: 'keep' }>): void {
    const name = change.path;
    if (this.kept.has(name)) return;
    this.kept.add(name);
    if (this.#dropped.has(name))
      this.perform({ op: 'append', name, messages: listOf(this.left.messages[name]) });
  }

  #allLayers(): readonly FlashLayers[] {
    return this.#stored.size === 0 ? [this.#pending] : [...this.#stored.values(), this.#pending];
  }

  has(path: string): boolean {
    const kept = pick(this.left.messages, [...this.kept]);
    return (
      readPath(kept, path) !== undefined ||
      this.#allLayers().some((layers) => layers.read(path) !== undefined)
    );
  }

  /** Whether this request flashed something in place of a message from before, and did not just add to it. */
  replaces(path: string): boolean {
    return this.has(path) && (!this.#isUnread(path) || this.taken.has(path));
  }

  get hasFields(): boolean {
    return this.#allLayers().some((layers) => layers.hasFields);
  }

  get isEmpty(): boolean {
    return this.kept.size === 0 && this.#allLayers().every((layers) => layers.isEmpty);
  }

  /** Whether this request has messages that stay until they are read. */
  get hasUnread(): boolean {
    return this.#untilRead.size > 0;
  }

  /** Whether this request made the write with this number. */
  hasStored(stamp: number): boolean {
    return this.#stored.has(stamp);
  }

  /** The batches that the write with this number has to store. */
  pendingBatches(stamp: number): FlashBatch[] {
    return batchOf(stamp, this.#pending.share(), [...this.#untilRead]);
  }

  /**
   * What this request leaves of a stored batch that it saw or stored itself, as a list of one batch or none.
   * It only removes from it, so what other requests have removed does not come back.
   *
   * @param usesUp whether what the request took is gone for good: it is its own, or one that it consumes
   */
  leftOf(batch: FlashBatch, usesUp: boolean): FlashBatch[] {
    if (this.#unstored.length === 0) return [batch];
    const [stamp, messages, fields = {}, untilRead = []] = batch;
    const isOwn = this.#stored.has(stamp);
    const unread = new Set(untilRead);
    let layers = new FlashLayers({ messages, fields });
    for (const change of this.#unstored) {
      switch (change.op) {
        case 'write':
          layers.replace(change.path);
          break;
        case 'append':
          if (isOwn) layers.append(change.name, []);
          if (isOwn) unread.add(change.name);
          break;
        case 'setFields':
          if (isOwn) layers.dropFields();
          break;
        case 'keep':
          break;
        case 'take':
        case 'remove':
          if (usesUp || change.op === 'remove') layers.remove(change.path);
          break;
        case 'clear':
          layers = new FlashLayers();
      }
    }
    return batchOf(stamp, layers.share(), [...unread]);
  }
}

/** Whether batches up to a number contain messages of a name. */
export function holds(batches: readonly FlashBatch[], name: string, upTo: number): boolean {
  return batches.some(([stamp, messages]) => stamp <= upTo && Object.hasOwn(messages, name));
}
