import type { ServerResponse } from 'node:http';
import { overrideProperties } from './override-properties.js';

type Listener = (...args: unknown[]) => void;

interface Waiting {
  readonly listener: Listener;
  readonly once: boolean;
}

/**
 * Keeps the listeners that are added for `drain` while a response is held. It is the gate that told them to wait and not a
 * full socket, so Node would never emit `drain`; and libraries in front (compression) lead such listeners to a stream of
 * their own, where the gate cannot reach them.
 */
export class DeferredDrain {
  readonly #res: ServerResponse;
  readonly #restore: () => void;
  #waiting: Waiting[] = [];

  constructor(res: ServerResponse) {
    this.#res = res;
    this.#restore = overrideProperties(res, {
      on: this.#deferring('on'),
      addListener: this.#deferring('addListener'),
      once: this.#deferring('once'),
    });
  }

  #deferring(method: 'on' | 'addListener' | 'once'): PropertyDescriptor {
    const res = this.#res;
    const original: unknown = Reflect.get(res, method);
    const value = (event: string | symbol, listener: Listener): unknown => {
      if (event === 'drain') {
        this.#waiting.push({ listener, once: method === 'once' });
        return res;
      }
      return typeof original === 'function' ? Reflect.apply(original, res, [event, listener]) : res;
    };
    return { writable: true, value };
  }

  /**
   * Gives the response its methods back, and the listeners to it.
   *
   * @param writable whether they may write again now; otherwise the socket's own `drain` tells them
   */
  release(writable: boolean): void {
    this.#restore();
    // Listeners from before the response was held are on the response itself.
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
