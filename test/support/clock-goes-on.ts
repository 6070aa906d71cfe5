import { expect } from 'vitest';
import { eventually } from './eventually.js';

/** Waits for the next millisecond: within the same one there is no lifetime to renew. */
export async function clockGoesOn(): Promise<void> {
  const now = Date.now();
  await eventually(() => expect(Date.now()).toBeGreaterThan(now));
}
