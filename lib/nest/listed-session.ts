import { handleOf } from '../crypto/handle.js';
import type { SessionRecord } from '../drivers/driver.js';
import type { Lifetimes } from '../lifecycle/lifetimes.js';
import type { UserSession } from '../lifecycle/users/user-sessions.js';
import { type SessionSerializer, ownValues, parsePayload, signedInAt } from '../state/payload.js';
import type { Values } from '../state/values.js';

/**
 * A session of a user, as a list of his devices shows it. Nothing in it opens the session.
 *
 * @example
 * const phones = (await sessions.list(userId)).filter(({ userAgent }) => userAgent?.includes('Mobile'));
 */
export interface StoredSession {
  /** The name to end it by; stays the same when its id changes. */
  readonly handle: string;
  /** When the session began, in epoch ms. */
  readonly createdAt: number;
  /** When the user signed in (`session.signIn`), in epoch ms; null where he did otherwise. */
  readonly signedInAt: number | null;
  /** When a request last wrote or renewed it, in epoch ms: exact to the option `touchEvery`. */
  readonly lastActivity: number;
  /** When it ends unless it is visited again, in epoch ms. */
  readonly expiresAt: number;
  /** The address of the client that last wrote, or null. */
  readonly ipAddress: string | null;
  /** The user agent that last wrote, or null. */
  readonly userAgent: string | null;
}

/**
 * Some of a user's sessions, and where the others begin.
 *
 * @example
 * const { sessions, cursor }: SessionPage = await this.sessions.listPage(userId);
 */
export interface SessionPage {
  /** Some hundred at most, the latest first among themselves. Empty only where he has none, or none any more. */
  readonly sessions: StoredSession[];
  /** What `listPage` is given for the next page; null where this was the last. Says nothing to whoever sees it, and opens nothing. */
  readonly cursor: string | null;
}

/** What is kept of a session, read from outside any request by its id. */
export interface ReadSession extends StoredSession, Readonly<SessionRecord> {
  /** The raw id that it was read by. */
  readonly id: string;
  /** The values. A copy: changing it changes nothing. */
  readonly values: Values;
}

/** What may be shown of some sessions, the one that was active last first. */
export function aboutSessions(sessions: readonly UserSession[], lifetimes: Lifetimes): StoredSession[] {
  return sessions
    .map((session) => aboutSession(session, lifetimes))
    .toSorted((a, b) => b.lastActivity - a.lastActivity);
}

/** What may be shown of a session. */
function aboutSession(
  session: Pick<UserSession, 'handle' | 'record' | 'payload'>,
  lifetimes: Lifetimes,
): StoredSession {
  const { handle, record, payload } = session;
  const { expiresAt, ipAddress, userAgent } = record;
  return {
    handle,
    createdAt: payload.c,
    signedInAt: signedInAt(payload.s, record.userId),
    lastActivity: lifetimes.lastActivity({ duration: payload.t }, record),
    expiresAt,
    ipAddress,
    userAgent,
  };
}

/** What is kept under an id; null where it is no session that can be read. */
export function readSession(
  id: string,
  record: SessionRecord,
  serializer: SessionSerializer,
  lifetimes: Lifetimes,
): ReadSession | null {
  const parsed = parsePayload(record.payload, serializer);
  if (parsed.kind !== 'session') return null;
  const { payload } = parsed;
  const values = ownValues(payload.d, record.payload, serializer);
  const session = { handle: payload.h ?? handleOf(id), record, payload };
  return { ...aboutSession(session, lifetimes), ...record, id, values };
}
