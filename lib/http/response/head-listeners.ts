import type { ServerResponse } from 'node:http';
import { GATED_WRITE_HEAD, type Operation } from './gated-methods.js';
import { override } from './held-response.js';
import { refuseHead } from './impossible-calls.js';
import type { HeadArguments } from './response-head.js';
import type { ResponseWriter } from './response-writer.js';

/**
 * Calls listeners to the head (`on-headers`) before the first byte is written or the response is ended. Node.js
 * would call them in the middle of that, when what they write to the session could no longer be committed first.
 */
export class HeadListeners {
  readonly #res: ServerResponse;
  readonly #writer: ResponseWriter;
  #isCalling = false;
  /** What the listeners made of the head, until it is written; null before. */
  #head: HeadArguments | null = null;

  constructor(res: ServerResponse, writer: ResponseWriter) {
    this.#res = res;
    this.#writer = writer;
  }

  /** Calls the listeners as Node.js does for a head that the application has not written. */
  call(): void {
    const res = this.#res;
    if (this.#head !== null || this.#isCalling || typeof res.writeHead !== 'function') return;
    this.#isCalling = true;
    try {
      res.writeHead(res.statusCode);
    } finally {
      this.#isCalling = false;
    }
  }

  /** Whether a head comes from `call` and must not be written yet. */
  keep(head: HeadArguments): boolean {
    if (!this.#isCalling) return false;
    this.#isCalling = false;
    refuseHead(this.#res, head);
    this.#head = head;
    return true;
  }

  /**
   * Performs what makes Node.js write the head, with the head that the listeners made, and without calling them a
   * second time. If Node.js refuses it, the next head is another one.
   *
   * The head is not written first, because Node.js knows the length of a body only while it ends the response.
   * Another application's gate in between finds a `writeHead` in front of it, and keeps the head like this one.
   */
  perform(operation: Operation, args: unknown[]): unknown {
    const head = this.#head;
    if (head === null) return this.#writer.perform(operation, args);
    this.#head = null;
    const value = (): unknown => Reflect.apply(GATED_WRITE_HEAD, this.#res, head);
    const restore = override(this.#res, { writeHead: { writable: true, value } });
    try {
      return this.#writer.perform(operation, args);
    } finally {
      restore();
    }
  }
}
