import { randomBytes } from 'node:crypto';

const PROCESS = randomBytes(6).toString('base64url');
let writes = 0;

/**
 * An id that no other write has: a writer that finds it in the store knows that its write arrived, although the answer did
 * not.
 */
export function nextWriterId(): string {
  writes += 1;
  return `${PROCESS}${writes.toString(36)}`;
}
