import { wholeNumber } from './checks.js';
import { type Table, group } from './read-table.js';

/**
 * What stands under `memory` in the options.
 *
 * @example
 * memory: { max: 10_000 }
 */
export interface MemoryDriverOptions {
  /**
   * The most sessions that are kept, a whole number from 1 on. One more, and the session that was not used for the
   * longest time is forgotten. Default: no limit.
   */
  max?: number;
}

/** Checks what stands under `memory`, and fills the defaults in. */
export const memoryOptions = group({
  max: { check: wholeNumber(1, Infinity, 'a whole number from 1 on, or nothing for no limit') },
} satisfies Table & Record<keyof MemoryDriverOptions, unknown>);
