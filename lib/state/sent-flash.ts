import type { Flashed } from './flash-layers.js';
import { OwnCopy } from './own-copy.js';
import type { FlashBatch } from './payload.js';
import type { UnreadFlash } from './unread-flash.js';
import { readPath } from './values.js';

/** What a request flashed and gave to one write. It can be taken back from the writes that follow. */
export class SentFlash {
  #messages: OwnCopy;
  #fields: OwnCopy;

  constructor({ messages, fields }: Flashed) {
    this.#messages = new OwnCopy(messages);
    this.#fields = new OwnCopy(fields);
  }

  /** What is left of it. To be read only. */
  get left(): Flashed {
    return { messages: this.#messages.values, fields: this.#fields.values };
  }

  has(path: string): boolean {
    return (
      readPath(this.#messages.values, path) !== undefined || readPath(this.#fields.values, path) !== undefined
    );
  }

  /** @returns whether there was anything */
  remove(path: string): boolean {
    const message = this.#messages.remove(path);
    return this.#fields.remove(path) || message;
  }

  /** @returns whether there were any */
  removeFields(): boolean {
    const had = !this.#fields.isEmpty;
    this.#fields = new OwnCopy({});
    return had;
  }

  /** @returns whether there was anything */
  removeAll(): boolean {
    const had = !this.#messages.isEmpty;
    this.#messages = new OwnCopy({});
    return this.removeFields() || had;
  }

  /**
   * Puts what is left of it among the batches of a write; nothing is no batch.
   *
   * @param lasting the names of messages that stay until they are read
   */
  appendTo(batches: FlashBatch[], stamp: number, lasting: UnreadFlash): void {
    const messages = this.#messages.share();
    const names = lasting.namesIn(messages);
    if (names.length > 0) batches.push([stamp, messages, this.#fields.share(), names]);
    else if (!this.#fields.isEmpty) batches.push([stamp, messages, this.#fields.share()]);
    else if (!this.#messages.isEmpty) batches.push([stamp, messages]);
  }
}
