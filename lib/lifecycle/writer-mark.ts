import { randomBytes } from 'node:crypto';

const PROCESS = randomBytes(6).toString('base64url');
let writes = 0;

/**
 * A mark that no other write in the world bears: so a writer that finds it in the store knows that its write arrived,
 * although the answer did not.
 */
export function nextWriter(): string {
  writes += 1;
  return `${PROCESS}${writes.toString(36)}`;
}
