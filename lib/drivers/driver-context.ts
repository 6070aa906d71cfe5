import type { Clock } from './clock.js';

/** What a built-in driver is handed besides the option under its name. */
export interface DriverContext {
  readonly clock: Clock;
  /** How long a store call may hold a request, in milliseconds (the option `storeTimeout`). */
  readonly storeTimeout: number;
  /** Looks a provider up in the whole application. Undefined where there is none under that token. */
  resolve(token: unknown): unknown;
}
