import { propertyOf } from './property-of.js';

/**
 * Whether a WebSocket begins with a request: plugins of Fastify have such pass its hooks and routes. Node says so of requests that
 * it has handed to a listener of `upgrade`, whatever their headers ask for. Clients connect, and connect anew, by themselves:
 * that is nobody's visit.
 */
export function isHandshake(request: unknown): boolean {
  return propertyOf(request, 'upgrade') === true;
}

/** The call of the handler of a request that has become a WebSocket. No response ever ends that: its session is over with the call. */
export class WebSocketHandling {
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** @param over called behind the handler */
  run<T>(handle: () => T, over: () => void): T {
    try {
      return handle();
    } finally {
      this.#isOver = true;
      over();
    }
  }
}
