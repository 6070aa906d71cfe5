import { hash } from 'node:crypto';

/**
 * The id of the record kept for a session of another library. It is always the same for the same session, so
 * that concurrent requests that bring it find the same record. It reveals nothing about the other library's id, and
 * opens nothing, since it is never signed.
 *
 * @param kind `claim` for the record that says what the session has become; `session` for the session that it
 * becomes if no record is kept
 */
export function migratedId(kind: 'claim' | 'session', key: string): string {
  return hash('sha256', `nestjs-session-kit former ${kind} ${key}`, 'base64url');
}
