import type { FlashBatch } from './payload.js';
import { type Values, pick } from './values.js';

/**
 * What a request knows of messages that stay until they are read (those of `req.flash`): which it flashed, and what it read.
 * A request that reads flash messages in any other way shows them, and uses all of them up.
 */
export class UnreadFlash {
  readonly #lasting = new Set<string>();
  readonly #taken = new Set<string>();
  #shown = false;

  /** A message that stays was flashed; what was there under its name before is part of it. */
  flashed(name: string): void {
    this.#lasting.add(name);
    this.#taken.add(name);
  }

  /** A message was taken out, or replaced by one that does not stay. */
  taken(name: string): void {
    this.#lasting.delete(name);
    this.#taken.add(name);
  }

  /** Messages were read by whoever shows them. */
  shown(): void {
    this.#shown = true;
  }

  /** The names of this request's own among messages. */
  namesIn(messages: Values): readonly string[] {
    return [...this.#lasting].filter((name) => Object.hasOwn(messages, name));
  }

  /** What is left of a batch that this request saw; the very batch where that is all of it, null where it is nothing. */
  leftOf(batch: FlashBatch): FlashBatch | null {
    const [stamp, messages, fields = {}, lasting] = batch;
    if (lasting === undefined || this.#shown) return null;
    const unread = lasting.filter((name) => Object.hasOwn(messages, name) && !this.#taken.has(name));
    if (unread.length === 0) return null;
    const isAll = unread.length === Object.keys(messages).length && Object.keys(fields).length === 0;
    return isAll ? batch : [stamp, pick(messages, unread), {}, unread];
  }
}
