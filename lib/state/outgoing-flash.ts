import type { ChangeLog } from './change-log.js';
import type { FlashChange } from './changes.js';
import { FlashLayers, type Flashed } from './flash-layers.js';
import type { FlashBatch } from './payload.js';

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
  /** The paths of messages that this request replaced or removed. */
  readonly taken = new Set<string>();

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
    for (const each of pending) if (each.op === 'flash') this.perform(each.change);
  }

  perform(change: FlashChange): void {
    switch (change.op) {
      case 'write':
        this.#pending.write(change.path, change.value);
        this.#replace(change.path);
        return;
      case 'writeUntilRead':
        this.#pending.set(change.name, change.value);
        this.#replace(change.name);
        this.#untilRead.add(change.name);
        return;
      case 'setFields':
        for (const layers of this.#stored.values()) layers.dropFields();
        this.#pending.setFields(change.fields);
        return;
      case 'keep':
        this.#pending.keep(this.#before, change.path);
        return;
      case 'remove':
        for (const layers of this.#allLayers()) layers.remove(change.path);
        this.#take(change.path);
        return;
      case 'clear':
        this.#untilRead.clear();
        this.#pending = new FlashLayers();
        for (const stamp of this.#stored.keys()) this.#stored.set(stamp, new FlashLayers());
    }
  }

  #replace(path: string): void {
    for (const layers of this.#stored.values()) layers.removeMessage(path);
    this.#take(path);
  }

  #take(path: string): void {
    this.#untilRead.delete(path);
    this.taken.add(path);
  }

  #allLayers(): readonly FlashLayers[] {
    return this.#stored.size === 0 ? [this.#pending] : [...this.#stored.values(), this.#pending];
  }

  has(path: string): boolean {
    return this.#allLayers().some((layers) => layers.read(path) !== undefined);
  }

  get hasFields(): boolean {
    return this.#allLayers().some((layers) => layers.hasFields);
  }

  get isEmpty(): boolean {
    return this.#allLayers().every((layers) => layers.isEmpty);
  }

  /**
   * The rest of what a write stored, as a list of one batch or none. Undefined if this request did not make
   * that write.
   */
  storedBatches(stamp: number): FlashBatch[] | undefined {
    const layers = this.#stored.get(stamp);
    return layers === undefined ? undefined : this.#batches(stamp, layers);
  }

  /** The batches that the write with this number has to store. */
  pendingBatches(stamp: number): FlashBatch[] {
    return this.#batches(stamp, this.#pending);
  }

  #batches(stamp: number, layers: FlashLayers): FlashBatch[] {
    const { messages, fields } = layers.share();
    const untilRead = [...this.#untilRead].filter((name) => Object.hasOwn(messages, name));
    if (untilRead.length > 0) return [[stamp, messages, fields, untilRead]];
    if (Object.keys(fields).length > 0) return [[stamp, messages, fields]];
    return Object.keys(messages).length > 0 ? [[stamp, messages]] : [];
  }
}
