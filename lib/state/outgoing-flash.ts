import type { ChangeLog } from './change-log.js';
import type { FlashChange } from './changes.js';
import { FlashLayers, type Flashed } from './flash-layers.js';
import type { FlashBatch } from './payload.js';

/**
 * What one request flashed for the following ones: the result of its flash changes, performed in order. What
 * a write stored is kept in a separate part under the number of that write, so that a request ages only the
 * parts that it saw. A later change of this request can still remove it from there.
 *
 * Example with three requests:
 *
 * 1. The first flashes `status`, commits (write 7), flashes `hint`, and ends (write 8). Its parts, and so the
 *    batches in the record, are 7 with `status` and 8 with `hint`. If it flashed `status` again instead of
 *    `hint`, part 7 would be empty and part 8 would have the new message.
 * 2. The second loads the session between the two writes and shows `status`. Its write (9) goes on top of
 *    write 8, and drops batch 7, which it saw; batch 8 stays.
 * 3. The third loads write 9, shows `hint`, and drops batch 8.
 */
export class OutgoingFlash {
  readonly #before: Flashed;
  /** The stored parts by the number of the write, including empty ones. */
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
        for (const part of this.#stored.values()) part.dropFields();
        this.#pending.setFields(change.fields);
        return;
      case 'keep':
        this.#pending.keep(this.#before, change.path);
        return;
      case 'remove':
        for (const part of this.#parts()) part.remove(change.path);
        this.#take(change.path);
        return;
      case 'clear':
        this.#untilRead.clear();
        this.#pending = new FlashLayers();
        for (const stamp of this.#stored.keys()) this.#stored.set(stamp, new FlashLayers());
    }
  }

  #replace(path: string): void {
    for (const part of this.#stored.values()) part.removeMessage(path);
    this.#take(path);
  }

  #take(path: string): void {
    this.#untilRead.delete(path);
    this.taken.add(path);
  }

  #parts(): readonly FlashLayers[] {
    return this.#stored.size === 0 ? [this.#pending] : [...this.#stored.values(), this.#pending];
  }

  has(path: string): boolean {
    return this.#parts().some((part) => part.read(path) !== undefined);
  }

  get hasFields(): boolean {
    return this.#parts().some((part) => part.hasFields);
  }

  get isEmpty(): boolean {
    return this.#parts().every((part) => part.isEmpty);
  }

  /**
   * The rest of what a write stored, as a list of one batch or none. Undefined if this request did not make
   * that write.
   */
  storedBatches(stamp: number): FlashBatch[] | undefined {
    const part = this.#stored.get(stamp);
    return part === undefined ? undefined : this.#batches(stamp, part);
  }

  /** The batches that the write with this number has to store. */
  pendingBatches(stamp: number): FlashBatch[] {
    return this.#batches(stamp, this.#pending);
  }

  #batches(stamp: number, part: FlashLayers): FlashBatch[] {
    const { messages, fields } = part.share();
    const untilRead = [...this.#untilRead].filter((name) => Object.hasOwn(messages, name));
    if (untilRead.length > 0) return [[stamp, messages, fields, untilRead]];
    if (Object.keys(fields).length > 0) return [[stamp, messages, fields]];
    return Object.keys(messages).length > 0 ? [[stamp, messages]] : [];
  }
}
