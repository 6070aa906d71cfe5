import type { Clock } from './clock.js';

/** What a built-in driver gets besides its own option. */
export interface DriverContext {
  readonly clock: Clock;
  /** How long a store call may hold a request, in milliseconds (the option `storeTimeout`). */
  readonly storeTimeout: number;
  /** Looks a provider up in the whole application. Undefined if there is none under that token. */
  resolve(token: unknown): unknown;
}
