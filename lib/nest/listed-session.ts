import { handleOf } from '../crypto/handle.js';
import type { SessionRecord } from '../drivers/driver.js';
import type { Lifetimes } from '../lifecycle/lifetimes.js';
import type { UserSession } from '../lifecycle/users/user-sessions.js';
import { type SessionSerializer, copyOfValues, parsePayload, signedInAt } from '../state/payload.js';
import type { Values } from '../state/values.js';

/**
 * A session of a user, as shown in a list of their devices. Nothing in it opens the session.
 *
 * @example
 * const phones = (await sessions.list(userId)).filter(({ userAgent }) => userAgent?.includes('Mobile'));
 */
export interface StoredSession {
  /** The name to end the session by; stays the same when the session's id changes. */
  readonly handle: string;
  /** When the session began, in epoch ms. */
  readonly createdAt: number;
  /** When the user signed in (`session.signIn`), in epoch ms; null if they signed in another way. */
  readonly signedInAt: number | null;
  /** When a request last wrote or renewed the session, in epoch ms: exact to the option `touchEvery`. */
  readonly lastActivity: number;
  /** When the session ends unless it is visited again, in epoch ms. */
  readonly expiresAt: number;
  /** The address of the client that last wrote, or null. */
  readonly ipAddress: string | null;
  /** The user agent that last wrote, or null. */
  readonly userAgent: string | null;
}

/**
 * Some of a user's sessions, and a cursor to the others.
 *
 * @example
 * const { sessions, cursor }: SessionPage = await this.sessions.listPage(userId);
 */
export interface SessionPage {
  /** A few hundred at most, latest first within the page. Empty only if the user has none, or none any more. */
  readonly sessions: StoredSession[];
  /**
   * What to pass to `listPage` for the next page; null if this was the last. It reveals nothing and opens
   * nothing.
   */
  readonly cursor: string | null;
}

/**
 * The stored content of a session, read by its id from outside any request.
 *
 * @example
 * const session: ReadSession | null = await sessions.read(id);
 * const cart = session?.values['cart'];
 */
export interface ReadSession extends StoredSession, Readonly<SessionRecord> {
  /** The raw id it was read by. */
  readonly id: string;
  /** The values. A copy: changing it changes nothing. */
  readonly values: Values;
}

/** The public details of some sessions, most recently active first. */
export function aboutSessions(sessions: readonly UserSession[], lifetimes: Lifetimes): StoredSession[] {
  return sessions
    .map((session) => aboutSession(session, lifetimes))
    .toSorted((a, b) => b.lastActivity - a.lastActivity);
}

/** The public details of a session. */
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

/** Parses the record stored under an id; null if it holds no readable session. */
export function readSession(
  id: string,
  record: SessionRecord,
  serializer: SessionSerializer,
  lifetimes: Lifetimes,
): ReadSession | null {
  const parsed = parsePayload(record.payload, serializer);
  if (parsed.kind !== 'session') return null;
  const { payload } = parsed;
  const values = copyOfValues(payload.d, record.payload, serializer);
  const session = { handle: handleOf(id, payload.h), record, payload };
  return { ...aboutSession(session, lifetimes), ...record, id, values };
}
