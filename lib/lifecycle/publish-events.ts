import { handleOf } from '../crypto/handle.js';
import { CHANNELS } from '../events/channels.js';
import type { SessionEnd, SessionEventOfOne } from '../events/session-events.js';
import type { Payload } from '../state/payload.js';
import type { Draft } from '../state/session-state.js';
import type { ActiveSession } from './active-session.js';
import type { BaseVersion } from './phase.js';
import { recordedUser } from './users/recorded-user.js';
import type { SessionRuntime } from './session-runtime.js';

/** The subject of an event, for when the session itself is not at hand. */
export interface EventSubject {
  readonly handle: string;
  /** When the session began; epoch ms. */
  readonly begun: number;
  /** Whether the session belonged to a user. */
  readonly isUsers: boolean;
}

/** Whether anybody subscribes to events about stored sessions. */
export function isStoringHeard(): boolean {
  const { begun, committed, merged, moved } = CHANNELS;
  return (
    begun.hasSubscribers ||
    committed.hasSubscribers ||
    merged.hasSubscribers ||
    moved.hasSubscribers ||
    CHANNELS['signed-in'].hasSubscribers ||
    CHANNELS['signed-out'].hasSubscribers
  );
}

/** When what an event times begins, by the monotonic clock; null if nobody subscribes to it. */
export function beginning(event: 'loaded' | 'committed'): number | null {
  return CHANNELS[event].hasSubscribers ? performance.now() : null;
}

/** Whether anybody subscribes to events about ended sessions. */
function isEndingHeard(): boolean {
  return CHANNELS.ended.hasSubscribers || CHANNELS['signed-out'].hasSubscribers;
}

/**
 * The subject of the end event of a session that was not loaded; null if nobody subscribes.
 *
 * @param id the id that the payload is stored under
 */
export function subjectOfPayload(id: string, { c, h, d }: Payload, userKey: string): EventSubject | null {
  if (!isEndingHeard()) return null;
  return { handle: handleOf(id, h), begun: c, isUsers: recordedUser(d, userKey) !== null };
}

/** The subject of a session's end event; null if it is unknown or nobody subscribes. */
export function subjectOf(session: ActiveSession): EventSubject | null {
  if (session.endedSubject !== null || !isEndingHeard()) return session.endedSubject;
  const { storedHandle: handle, state, runtime } = session;
  if (handle === null) return null;
  return { handle, begun: state.storedCreatedAt, isUsers: userOf(state, runtime) !== null };
}

function userOf({ storedValues }: ActiveSession['state'], { userKey }: SessionRuntime): string | null {
  return storedValues === null ? null : recordedUser(storedValues, userKey);
}

/** The state of a session just before a write took effect. */
interface BeforeStored {
  readonly id: string | null;
  readonly user: string | null;
  /** Whether anything but the lifetime changed. */
  readonly isChanged: boolean;
}

/** Captures the session before a write takes effect. Called only if somebody subscribes. */
export function beforeStored({ base, state, runtime, hasNewId }: ActiveSession): BeforeStored {
  const user = base === null ? null : userOf(state, runtime);
  return { id: base?.id ?? null, user, isChanged: hasNewId || state.hasChanges };
}

/** Publishes the events of a successful write. */
export function publishStored(
  session: ActiveSession,
  before: BeforeStored,
  loaded: BaseVersion,
  { text }: Draft,
): void {
  const { begun, committed, merged, moved } = CHANNELS;
  const of = about(session, loaded);
  const attempts = Math.max(1, session.attempts);
  const { since } = session;
  if (before.id === null) begun.publish(of);
  else if (before.id !== loaded.id) moved.publish(of);
  if (session.hasMerged) merged.publish({ ...of, attempts });
  if (since !== null && (before.isChanged || before.id === null)) {
    committed.publish({ ...of, ms: performance.now() - since, attempts, size: text.length });
  }
  const { 'signed-in': signedIn, 'signed-out': signedOut } = CHANNELS;
  if (!signedIn.hasSubscribers && !signedOut.hasSubscribers) return;
  const user = userOf(session.state, session.runtime);
  if (user === before.user) return;
  if (before.user !== null) signedOut.publish(of);
  if (user !== null) signedIn.publish(of);
}

/** Publishes the end of a session, once. */
export function publishEnded(
  runtime: SessionRuntime,
  subject: EventSubject | null,
  reason: SessionEnd,
): void {
  if (subject === null || !runtime.fates.notePublished(subject.handle, subject.begun)) return;
  const of = { handle: subject.handle, driver: runtime.driver, at: runtime.clock.now() };
  if (subject.isUsers) CHANNELS['signed-out'].publish(of);
  CHANNELS.ended.publish({ ...of, reason });
}

/** The fields that every event of a session has. */
export function about({ state, runtime }: ActiveSession, { id }: BaseVersion): SessionEventOfOne {
  return {
    handle: handleOf(id, state.facts.storedHandle),
    driver: runtime.driver,
    at: runtime.clock.now(),
  };
}
