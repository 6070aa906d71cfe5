import type { ServerResponse } from 'node:http';
import { cloneValue } from '../../state/clone-value.js';
import type { Operation } from './gated-methods.js';
import { refuseHead } from './impossible-calls.js';
import type { HeadArguments } from './response-head.js';

/** A call of a response's method, to be made once the response is released. */
export interface HeldOperation {
  readonly operation: Operation;
  readonly args: unknown[];
}

type Listener = (...args: unknown[]) => void;

/** Changing headers after the head was sent is an error. This is the error that Node.js throws. */
const refuse: PropertyDescriptor = {
  writable: true,
  value: (): never => {
    throw Object.assign(new Error('Cannot set headers after they are sent to the client'), {
      code: 'ERR_HTTP_HEADERS_SENT',
    });
  },
};

const OF_SENT: PropertyDescriptorMap = {
  headersSent: { get: () => true },
  setHeader: refuse,
  setHeaders: refuse,
  appendHeader: refuse,
  removeHeader: refuse,
};

/**
 * What the application has written to a response while its gate holds it back. Meanwhile the response looks
 * sent: frameworks check whether they may still answer, and code that answers twice by mistake has to get
 * Node's error and must not change the first answer.
 */
export class HeldResponse {
  readonly #res: ServerResponse;
  #head: HeadArguments | null = null;
  #operations: HeldOperation[] = [];
  /** Restores the response's real appearance; null if it is not changed. */
  #lookUnsent: (() => void) | null = null;
  /** Releases writers that were told to wait before writing more; null if there are none. */
  #releaseDrain: ((writable: boolean) => void) | null = null;

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  /** Whether the response only looks sent: its own `headersSent` and `writableEnded` then mean nothing. */
  get looksSent(): boolean {
    return this.#lookUnsent !== null;
  }

  get hasEnd(): boolean {
    return this.#operations.some(({ operation }) => operation === 'end');
  }

  /** The next held operation, without removing it; undefined if there is none. */
  get first(): HeldOperation | undefined {
    return this.#operations[0];
  }

  holdHead(args: HeadArguments): void {
    // The first of two heads counts: libraries in front that do not see the first one write another.
    if (this.looksSent) return;
    refuseHead(this.#res, args);
    this.#res.statusCode = Number(args[0]);
    // Node.js reads the headers at once, so they may change afterwards: Fastify uses those of a reply sent twice again.
    this.#head = cloneValue(args);
    this.lookSent();
  }

  hold(operation: Operation, args: unknown[]): void {
    if (!this.looksSent && !this.#res.headersSent) refuseHead(this.#res, [this.#res.statusCode]);
    this.#operations.push({ operation, args });
    this.lookSent();
    if (operation === 'write') this.#releaseDrain ??= deferDrain(this.#res);
  }

  lookSent(): void {
    this.#lookUnsent ??= lookSent(this.#res, () => this.hasEnd);
  }

  /**
   * Restores the response's real appearance.
   *
   * @returns the held head; null if there is none
   */
  takeHead(): HeadArguments | null {
    this.#lookUnsent?.();
    this.#lookUnsent = null;
    const head = this.#head;
    this.#head = null;
    return head;
  }

  dropFirst(): void {
    this.#operations.shift();
  }

  /** @param writable whether the waiting writers may write again now */
  releaseWriters(writable: boolean): void {
    const release = this.#releaseDrain;
    this.#releaseDrain = null;
    release?.(writable);
  }

  /**
   * Discards everything held.
   *
   * @returns the operations that will not be performed
   */
  discard(): readonly HeldOperation[] {
    const operations = this.#operations;
    this.#operations = [];
    this.takeHead();
    this.releaseWriters(false);
    return operations;
  }
}

/**
 * Overrides properties on each held response. Shared overrides, like the gated methods, would be called for
 * each header of every response that has a session.
 *
 * @param isEnded whether the application has ended the response
 * @returns restores the response's real appearance, with the status it had when it was held
 */
function lookSent(res: ServerResponse, isEnded: () => boolean): () => void {
  const { statusCode } = res;
  // HTTP/2 has no status message, and Node.js warns if one is read or set. On HTTP/1, a status message that
  // was set is an own property.
  const statusMessage = Object.getOwnPropertyDescriptor(res, 'statusMessage');
  const restore = override(res, { ...OF_SENT, writableEnded: { get: isEnded } });
  return () => {
    restore();
    res.statusCode = statusCode;
    if (statusMessage === undefined) Reflect.deleteProperty(res, 'statusMessage');
    else Object.defineProperty(res, 'statusMessage', statusMessage);
  };
}

/**
 * Keeps `drain` listeners that are added while a response is held. The gate told the writers to wait, not a
 * full socket, so Node.js would never emit `drain`. And libraries in front (compression) redirect such
 * listeners to a stream of their own, which the gate cannot reach.
 *
 * @returns restores the response's methods and adds the listeners to it. Its argument: whether they may write
 * again now; if not, the socket's own `drain` tells them
 */
function deferDrain(res: ServerResponse): (writable: boolean) => void {
  const waiting: { readonly listener: Listener; readonly once: boolean }[] = [];
  const deferring = (method: 'on' | 'addListener' | 'once'): PropertyDescriptor => {
    const original: CallableFunction = res[method];
    const value = (event: string | symbol, listener: Listener): unknown => {
      if (event !== 'drain') return Reflect.apply(original, res, [event, listener]);
      waiting.push({ listener, once: method === 'once' });
      return res;
    };
    return { writable: true, value };
  };
  const restore = override(res, {
    on: deferring('on'),
    addListener: deferring('addListener'),
    once: deferring('once'),
  });
  return (writable) => {
    restore();
    // Listeners added before the response was held are on the response itself.
    if (writable) res.emit('drain');
    for (const { listener, once } of waiting) {
      if (once && !writable) res.once('drain', listener);
      if (!once) res.on('drain', listener);
      if (writable) listener.call(res);
    }
  };
}

/**
 * Temporarily overrides properties of a response.
 *
 * @returns undoes it
 */
export function override(res: ServerResponse, properties: PropertyDescriptorMap): () => void {
  const before = Object.keys(properties).map(
    (name) => [name, Object.getOwnPropertyDescriptor(res, name)] as const,
  );
  for (const [name, descriptor] of Object.entries(properties)) {
    Object.defineProperty(res, name, { configurable: true, ...descriptor });
  }
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(res, name);
      else Object.defineProperty(res, name, descriptor);
    }
  };
}
