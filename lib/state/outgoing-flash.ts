import type { ChangeLog } from './change-log.js';
import type { FlashChange } from './changes.js';
import { FlashLayers, type Flashed, batchOf } from './flash-layers.js';
import type { FlashBatch } from './payload.js';
import { appended } from './unread-messages.js';
import { readPath } from './values.js';

/** A change that removes messages from before. */
type Removal = Extract<FlashChange, { readonly op: 'write' | 'remove' | 'clear' }>;

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
  /** What is stored, by the number of the write, including empty ones. */
  readonly #stored = new Map<number, FlashLayers>();
  #pending = new FlashLayers();
  /** The names of messages that stay until they are read. */
  readonly #untilRead = new Set<string>();
  /** The paths of messages that this request replaced, removed or moved to its own. */
  readonly taken = new Set<string>();
  /** The changes not stored yet that remove messages from before, whether or not this request shows any. */
  #removals: Removal[] = [];

  /**
   * @param before what the previous request flashed
   * @param log the changes of this request so far
   */
  constructor(before: Flashed, { storedFlash, pending }: ChangeLog) {
    this.#before = before;
    for (const [stamp, changes] of storedFlash) {
      for (const change of changes) this.perform(change);
      if (this.#pending.isEmpty) continue;
      this.#stored.set(stamp, this.#pending);
      this.#pending = this.#pending.nextLayers();
    }
    this.#removals = [];
    for (const each of pending) if (each.op === 'flash') this.perform(each.change);
  }

  perform(change: FlashChange): void {
    switch (change.op) {
      case 'write':
        this.#pending.write(change.path, change.value);
        for (const layers of this.#stored.values()) layers.removeMessage(change.path);
        this.#take(change.path);
        this.#removals.push(change);
        return;
      case 'append':
        for (const layers of this.#stored.values()) layers.append(change.name, []);
        this.#pending.append(change.name, change.messages);
        this.#untilRead.add(change.name);
        return;
      case 'setFields':
        for (const layers of this.#stored.values()) layers.dropFields();
        this.#pending.setFields(change.fields);
        return;
      case 'keep':
        if (this.#isUnread(change.path)) this.#move(change.path);
        else this.#pending.keep(this.#before, change.path);
        return;
      case 'remove':
      case 'take':
        if (change.op === 'remove') this.#removals.push(change);
        for (const layers of this.#allLayers()) layers.remove(change.path);
        this.#take(change.path);
        return;
      case 'clear':
        this.#untilRead.clear();
        this.#pending = new FlashLayers();
        for (const stamp of this.#stored.keys()) this.#stored.set(stamp, new FlashLayers());
        this.#removals.push(change);
    }
  }

  #take(path: string): void {
    this.#untilRead.delete(path);
    this.taken.add(path);
  }

  /** Whether the name is that of messages from before that stay until they are read. */
  #isUnread(name: string): boolean {
    return this.#before.untilRead?.includes(name) === true;
  }

  /** Moves messages that stay until they are read to those of this request, before the ones it appended. */
  #move(name: string): void {
    const own = readPath(this.#pending.messages, name);
    this.#pending.set(name, appended(this.#before.messages[name], own));
    this.#take(name);
    this.#untilRead.add(name);
    this.#removals.push({ op: 'remove', path: name });
  }

  #allLayers(): readonly FlashLayers[] {
    return this.#stored.size === 0 ? [this.#pending] : [...this.#stored.values(), this.#pending];
  }

  has(path: string): boolean {
    return this.#allLayers().some((layers) => layers.read(path) !== undefined);
  }

  /** Whether this request flashed something in place of a message from before, and did not just add to it. */
  replaces(path: string): boolean {
    return this.has(path) && (!this.#isUnread(path) || this.taken.has(path));
  }

  get hasFields(): boolean {
    return this.#allLayers().some((layers) => layers.hasFields);
  }

  get isEmpty(): boolean {
    return this.#allLayers().every((layers) => layers.isEmpty);
  }

  /** Whether this request has messages that stay until they are read. */
  get hasUnread(): boolean {
    return this.#untilRead.size > 0;
  }

  /**
   * The rest of what a write stored, as a list of one batch or none. Undefined if this request did not make
   * that write.
   */
  storedBatches(stamp: number): FlashBatch[] | undefined {
    const layers = this.#stored.get(stamp);
    return layers === undefined ? undefined : batchOf(stamp, layers.share(), [...this.#untilRead]);
  }

  /** The batches that the write with this number has to store. */
  pendingBatches(stamp: number): FlashBatch[] {
    return batchOf(stamp, this.#pending.share(), [...this.#untilRead]);
  }

  /** What this request has not removed of a batch that it saw, as a list of one batch or none. */
  leftOf(batch: FlashBatch): FlashBatch[] {
    if (this.#removals.length === 0) return [batch];
    const [stamp, messages, fields = {}, untilRead = []] = batch;
    const layers = new FlashLayers({ messages, fields });
    for (const change of this.#removals) {
      if (change.op === 'clear') return [];
      layers.remove(change.path);
    }
    return batchOf(stamp, layers.share(), untilRead);
  }
}
