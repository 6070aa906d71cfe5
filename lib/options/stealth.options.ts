import { wholeNumber } from './checks.js';
import { type Table, group } from './table.js';

/** What stands under `stealth` in the options. */
export interface StealthDriverOptions {
  /**
   * How many cookies a session may be split into, 1 to 3. Browsers take 4096 bytes a cookie; servers and proxies take
   * 8 to 16 KB of request headers in all, so more pieces than three would lock a visitor out. Default 3.
   */
  maxCookies?: number;
}

export const stealthOptions = group({
  maxCookies: { default: 3, check: wholeNumber(1, 3, 'a whole number from 1 to 3') },
} satisfies Table & Record<keyof StealthDriverOptions, unknown>);
