import { createHash } from 'node:crypto';

/** 128 bits of base64url. */
const HANDLE_LENGTH = 22;

/**
 * The handle of a session that has this id and had no other. It names the session and opens nothing: of 256 random bits
 * nobody finds the id by its hash.
 */
export function handleOf(id: string): string {
  return createHash('sha256')
    .update(`nestjs-session-kit handle of ${id}`)
    .digest('base64url')
    .slice(0, HANDLE_LENGTH);
}
