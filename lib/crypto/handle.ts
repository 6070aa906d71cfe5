import { hash } from 'node:crypto';

/** 128 bits of base64url. */
const HANDLE_LENGTH = 22;

/**
 * The handle of a session whose first id is this one. It names the session but does not open it: an id of 256
 * random bits cannot be found from its hash.
 */
export function handleOf(id: string): string {
  return hash('sha256', `nestjs-session-kit handle of ${id}`, 'base64url').slice(0, HANDLE_LENGTH);
}
