import type { ChangeLog } from './change-log.js';
import type { FlashChange } from './changes.js';
import { FlashLayers, type Flashed } from './flash-layers.js';
import type { FlashBatch } from './payload.js';

/**
 * What one request flashed for those that follow: its flash changes, performed one after the other. What a write has
 * stored lies in a part of its own under the number of that write, so that whoever saw it ages it, and nothing else. A
 * later change takes it back from there.
 *
 * An example of three requests:
 *
 * 1. The first flashes `status`, commits (write 7), flashes `hint`, and ends (write 8). Its parts are 7 with `status` and 8
 *    with `hint`, and so are the batches in the record. Had it flashed `status` once more instead, part 7 would be empty and
 *    part 8 have the new one.
 * 2. The second has loaded the session between the two: it shows `status`. Its write (9) goes on top of write 8, and drops
 *    batch 7, which it saw; batch 8 stays.
 * 3. The third loads write 9, shows `hint`, and drops batch 8.
 */
export class OutgoingFlash {
  readonly #before: Flashed;
  /** By the number of the write; also those of which nothing is left. */
  readonly #stored = new Map<number, FlashLayers>();
  #pending = new FlashLayers();
  /** The names of messages that stay until they are read. */
  readonly #untilRead = new Set<string>();
  /** The paths of messages that this request replaced or took out. */
  readonly taken = new Set<string>();

  /**
   * @param before what the previous request flashed
   * @param log what this one has changed so far
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

  /** What is left of what a write stored, as batches: one, or none. Undefined where it was no write of this request. */
  storedBatches(stamp: number): FlashBatch[] | undefined {
    const part = this.#stored.get(stamp);
    return part === undefined ? undefined : this.#batches(stamp, part);
  }

  /** What the write with this number has to store. */
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
