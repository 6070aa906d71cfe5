import { createHash } from 'node:crypto';

/**
 * The id of what is kept here about a session of another library: always the same of the same session, so that requests that
 * bring it at one time meet there. It says nothing of the id there, and opens nothing: it is signed nowhere.
 *
 * @param kind `claim` of the record that says what it has become; `session` of what it becomes where no record is kept
 */
export function migratedId(kind: 'claim' | 'session', key: string): string {
  return createHash('sha256').update(`nestjs-session-kit former ${kind} ${key}`).digest('base64url');
}
