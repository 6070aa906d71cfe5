import type { ServerResponse } from 'node:http';

type Listener = (...args: unknown[]) => void;

interface Waiting {
  readonly listener: Listener;
  readonly once: boolean;
}

const METHODS = ['on', 'addListener', 'once'] as const;

/**
 * Keeps those who wait for `drain` while a response is held. They were told to wait by the gate and not by a full
 * socket, so no `drain` would ever come; and libraries in front (compression) lead such listeners to a stream of their
 * own, where the gate could not reach them.
 */
export class DeferredDrain {
  readonly #res: ServerResponse;
  readonly #before = new Map<string, PropertyDescriptor | undefined>();
  #waiting: Waiting[] = [];

  constructor(res: ServerResponse) {
    this.#res = res;
    for (const method of METHODS) {
      this.#before.set(method, Object.getOwnPropertyDescriptor(res, method));
      const real: unknown = Reflect.get(res, method);
      const value = (event: string | symbol, listener: Listener): unknown => {
        if (event === 'drain') {
          this.#waiting.push({ listener, once: method === 'once' });
          return res;
        }
        return typeof real === 'function' ? Reflect.apply(real, res, [event, listener]) : res;
      };
      Object.defineProperty(res, method, { configurable: true, writable: true, value });
    }
  }

  /**
   * Gives the response its methods back, and the listeners to it.
   *
   * @param writable whether they may write again now; otherwise a true `drain` will tell them
   */
  release(writable: boolean): void {
    for (const [method, descriptor] of this.#before) {
      if (descriptor === undefined) Reflect.deleteProperty(this.#res, method);
      else Object.defineProperty(this.#res, method, descriptor);
    }
    // Whoever waited before the response was held waits on the response itself.
    if (writable) this.#res.emit('drain');
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { listener, once } of waiting) {
      if (once && !writable) this.#res.once('drain', listener);
      if (!once) this.#res.on('drain', listener);
      if (writable) listener.call(this.#res);
    }
  }
}
