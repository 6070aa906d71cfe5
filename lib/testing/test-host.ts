import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import type { CookieAttributes, SessionHost } from '../session/session-host.js';

/** The request data that a session in a test gets. */
interface StandInRequest {
  readonly cookieAttributes: CookieAttributes;
  /** The most likely one first. Default: none, and the session is what its lifecycle holds. */
  readonly tokens?: readonly string[];
  readonly body?: unknown;
  isNeverFlashed(field: string): boolean;
}

/** The host of a session in a test: every call is allowed as in a request, and no response is written. */
export class TestHost<L extends SessionLifecycle = SessionLifecycle> implements SessionHost {
  readonly life: L;
  readonly tokens: readonly string[];
  readonly cookieAttributes: CookieAttributes;
  readonly headSent = false;
  readonly endedReason = 'this code was started by a function given to withSession, which has ended.';
  isOver = false;
  readonly #request: StandInRequest;

  constructor(life: L, request: StandInRequest) {
    this.life = life;
    this.#request = request;
    this.tokens = request.tokens ?? [];
    this.cookieAttributes = request.cookieAttributes;
  }

  createLifecycle(): SessionLifecycle {
    return this.life;
  }

  body(): unknown {
    return this.#request.body;
  }

  isNeverFlashed(field: string): boolean {
    return this.#request.isNeverFlashed(field);
  }

  /** There is no response that ends. */
  onceOver(): void {}
}
