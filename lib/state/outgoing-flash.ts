import { type ChangeLog, isFlashChange } from './change-log.js';
import type { FlashChange } from './changes.js';
import { FlashLayers, type Flashed } from './flash-layers.js';
import type { FlashBatch } from './payload.js';

/**
 * What one request flashed for those that follow: its flash changes, performed one after the other. What a write has
 * stored lies in a part of its own under the number of that write, so that whoever saw it ages it, and nothing else. A
 * later change takes it back from there.
 */
export class OutgoingFlash {
  readonly #before: Flashed;
  /** By the number of the write; also those of which nothing is left. */
  readonly #stored = new Map<number, FlashLayers>();
  #pending = new FlashLayers();
  /** The names of messages that stay until they are read. */
  readonly #untilRead = new Set<string>();
  /** The paths of messages that this request replaced or took out. */
  readonly #taken = new Set<string>();

  /** @param before what the previous request flashed */
  constructor(before: Flashed) {
    this.#before = before;
  }

  /** What a log comes to; null where no flash message was changed. */
  static of(log: ChangeLog, before: Flashed): OutgoingFlash | null {
    const pending = log.pending.filter(isFlashChange);
    if (log.stored.length === 0 && pending.length === 0) return null;
    const outgoing = new OutgoingFlash(before);
    let last = log.stored[0]?.stamp ?? 0;
    for (const { change, stamp } of log.stored) {
      if (stamp !== last) outgoing.stored(last);
      last = stamp;
      outgoing.perform(change);
    }
    outgoing.stored(last);
    for (const change of pending) outgoing.perform(change);
    return outgoing;
  }

  perform(change: FlashChange): void {
    switch (change.op) {
      case 'flash':
        this.#pending.write(change.path, change.value);
        for (const part of this.#stored.values()) part.removeMessage(change.path);
        this.#take(change.path);
        if (change.untilRead) this.#untilRead.add(change.path);
        return;
      case 'flashFields':
        for (const part of this.#stored.values()) part.dropFields();
        this.#pending.setFields(change.fields);
        return;
      case 'keepFlash':
        this.#pending.keep(this.#before, change.path);
        return;
      case 'forgetFlash':
        for (const part of this.#parts()) part.remove(change.path);
        this.#take(change.path);
        return;
      case 'clearFlash':
        this.#untilRead.clear();
        this.#pending = new FlashLayers();
        for (const stamp of this.#stored.keys()) this.#stored.set(stamp, new FlashLayers());
        return;
      case 'leaveOthers':
      // What this request flashed goes along.
    }
  }

  #take(path: string): void {
    this.#untilRead.delete(path);
    this.#taken.add(path);
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

  /** A write has stored all that was pending. */
  stored(stamp: number): void {
    if (this.#pending.isEmpty) return;
    this.#stored.set(stamp, this.#pending);
    this.#pending = this.#pending.further();
  }

  /** Whether a batch is one that this request stored. */
  owns(stamp: number): boolean {
    return this.#stored.has(stamp);
  }

  /**
   * What is left of what a write stored, or will store, as batches: one, or none.
   *
   * @param stamp the number of the write; of one to come where this request stored nothing under it
   */
  batches(stamp: number): FlashBatch[] {
    const { messages, fields } = (this.#stored.get(stamp) ?? this.#pending).share();
    const untilRead = [...this.#untilRead].filter((name) => Object.hasOwn(messages, name));
    if (untilRead.length > 0) return [[stamp, messages, fields, untilRead]];
    if (Object.keys(fields).length > 0) return [[stamp, messages, fields]];
    return Object.keys(messages).length > 0 ? [[stamp, messages]] : [];
  }

  /** Whether this request replaced or took out a message, by its name. */
  hasTaken(name: string): boolean {
    return this.#taken.has(name);
  }
}
