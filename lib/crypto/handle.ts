import { hash } from 'node:crypto';

/** 128 bits of base64url. */
const HANDLE_LENGTH = 22;

/**
 * The handle of a session. It names the session but does not open it: an id of 256 random bits cannot be found
 * from its hash.
 *
 * @param kept the handle that its first id gave it, if it has had other ids
 */
export function handleOf(id: string, kept?: string): string {
  return kept ?? hash('sha256', `nestjs-session-kit handle of ${id}`, 'base64url').slice(0, HANDLE_LENGTH);
}
