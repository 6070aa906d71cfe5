import type { Values } from '../state/values.js';

/** Whether several values by their keys were given in place of one key. A list is neither. */
export function isSeveral(key: unknown): key is Values {
  return typeof key === 'object' && key !== null && !Array.isArray(key);
}
