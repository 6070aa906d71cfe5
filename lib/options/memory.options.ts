import { wholeNumber } from './checks.js';
import { type Table, group } from './read-table.js';

/**
 * The option `memory`.
 *
 * @example
 * memory: { max: 10_000 }
 */
export interface MemoryDriverOptions {
  /**
   * The maximum number of sessions, a whole number from 1 on. Beyond it, the least recently used session is
   * evicted. Default: no limit.
   */
  max?: number;
}

export const memoryOptions = group({
  max: { check: wholeNumber(1, Infinity, 'a whole number from 1 on, or nothing for no limit') },
} satisfies Table & Record<keyof MemoryDriverOptions, unknown>);
