import type { SessionRecord } from '../../drivers/driver.js';
import type { Draft } from '../../state/session-state.js';
import type { ActiveSession } from '../active-session.js';
import { knownClient } from '../caller.js';
import type { BaseVersion } from '../phase.js';
import { recordedUser } from '../users/recorded-user.js';
import { nextWriterId } from './own-write.js';

/**
 * A draft on its way to the store. If the answer to a write gets lost, nobody knows whether it arrived. The
 * same write is then sent again before anything else, and its writer's id in the store tells whether it had
 * arrived already.
 */
export interface PendingWrite {
  readonly draft: Draft;
  /** The id to store the record under. */
  readonly id: string;
  /** The record to store. */
  readonly record: SessionRecord;
  /** Whether a cookie is due once it is stored. */
  readonly cookieDue: boolean;
  /** The version it replaces if the session moves to a new id; null if it stays. */
  readonly from: BaseVersion | null;
  /** Whether the record under the new id is stored, and only the redirect under the old one is missing. */
  newRecordStored: boolean;
  /** Whether it was sent before and the answer got lost. */
  unconfirmed: boolean;
}

/**
 * Makes the write that stores a session as it is now: as a new session, in place of the version it is based
 * on, or under its new id.
 *
 * @throws SessionValueError if a value cannot be stored; everything stays due then
 */
export function pack(session: ActiveSession): PendingWrite {
  const { id, base, hasNewId, state, runtime } = session;
  const draft = state.draft(nextWriterId(), undefined);
  const { lifetimes } = runtime;
  const { latestVisit, isVisit, caller } = session;
  const isKept = base !== null && !state.facts.durationChanged && !(hasNewId && isVisit);
  const expiresAt = isKept ? expiryOf(session, base.expiresAt) : lifetimes.fullExpiry(state.facts);
  const keptClient = caller.client === 'as-stored' || !isVisit ? latestVisit : null;
  const { ipAddress, userAgent } = keptClient ?? knownClient(caller);
  const record: SessionRecord = {
    payload: draft.text,
    expiresAt,
    version: 1 + versionUnder(session),
    lastActivity: (isVisit ? undefined : latestVisit?.lastActivity) ?? runtime.clock.now(),
    userId: recordedUser(state.readonlyValues, runtime.userKey),
    ipAddress,
    userAgent,
  };
  return {
    draft,
    id,
    record,
    cookieDue: hasNewId || !isKept || expiresAt !== base.expiresAt,
    from: hasNewId ? base : null,
    newRecordStored: false,
    unconfirmed: false,
  };
}

function expiryOf({ isVisit, state, runtime }: ActiveSession, kept: number): number {
  return isVisit ? runtime.lifetimes.expiryAtWrite(state.facts, kept) : kept;
}

/** The version already stored under a session's id; 0 for none. */
function versionUnder({ id, base, hasNewId, unsharedRecord }: ActiveSession): number {
  if (!hasNewId) return base?.version ?? 0;
  return unsharedRecord?.id === id ? unsharedRecord.version : 0;
}
