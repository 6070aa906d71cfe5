import type { ServerResponse } from 'node:http';
import { GATED_WRITE_HEAD, hasHeadListeners } from './gated-methods.js';
import { override } from './held-response.js';
import type { HeadArguments } from './response-head.js';

/**
 * Calls listeners to the head (`on-headers`) before the first byte is written or the response is ended. Node.js
 * would call them in the middle of that, when what they write to the session could no longer be committed first.
 */
export class HeadListeners {
  readonly #res: ServerResponse;
  #isCalling = false;
  /** What the listeners made of the head; null if there are none, or none was called yet. */
  #head: HeadArguments | null = null;

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  /** Calls the listeners as Node.js does for a head that the application has not written. */
  call(): void {
    const res = this.#res;
    if (this.#head !== null || this.#isCalling || !hasHeadListeners(res)) return;
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
    this.#head = head;
    return true;
  }

  /** Performs what makes Node.js write the head, without calling the listeners a second time. */
  withoutThem<T>(perform: () => T): T {
    if (this.#head === null) return perform();
    const restore = override(this.#res, { writeHead: GATED_WRITE_HEAD });
    try {
      return perform();
    } finally {
      restore();
    }
  }

  /** The head to write instead of the one that Node.js writes by itself. */
  headFor(args: HeadArguments): HeadArguments {
    const head = this.#head ?? args;
    this.#head = null;
    return head;
  }
}
