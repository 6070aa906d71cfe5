import { randomBytes } from 'node:crypto';
import type { SessionRecord } from '../../drivers/driver.js';
import type { RecordStore } from '../../drivers/record-store.js';
import type { Draft } from '../../state/session-state.js';
import type { ActiveSession } from '../active-session.js';
import { knownClient } from '../caller.js';
import type { BaseVersion } from '../phase.js';
import { recordedUser } from '../users/recorded-user.js';

const PROCESS = randomBytes(6).toString('base64url');
let writes = 0;

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
  const { id, base, hasNewId, state, runtime, latestVisit, isVisit, caller } = session;
  const draft = state.draft(nextWriterId(), undefined);
  const { lifetimes } = runtime;
  const isKept = base !== null && !state.facts.durationChanged && !(hasNewId && isVisit);
  let expiresAt: number;
  if (!isKept) expiresAt = lifetimes.fullExpiry(state.facts);
  else expiresAt = isVisit ? lifetimes.expiryAtWrite(state.facts, base.expiresAt) : base.expiresAt;
  const keptClient = caller.client === 'as-stored' || !isVisit ? latestVisit : null;
  const { ipAddress, userAgent } = keptClient ?? knownClient(caller);
  const replaced = hasNewId ? session.unsharedRecord : base;
  const record: SessionRecord = {
    payload: draft.text,
    expiresAt,
    version: 1 + (replaced?.id === id ? replaced.version : 0),
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

/**
 * A unique id for the payload of a written record. A writer that finds its id in the store knows that its
 * write arrived even though the answer did not.
 */
export function nextWriterId(): string {
  writes += 1;
  return `${PROCESS}${writes.toString(36)}`;
}

/** Writes a record. If the store refuses the write, checks whether the stored record is already this one. */
export async function writeOwn(store: RecordStore, id: string, record: SessionRecord): Promise<boolean> {
  return (await store.write(id, record)) || isOwn(await store.read(id), record);
}

/**
 * Whether the stored record is the one that was to be written. A client that repeats a command after a broken
 * connection hears that somebody else was first, about its own write. No other write has the same payload,
 * since it contains the writer's id.
 */
export function isOwn(stored: SessionRecord | null, record: SessionRecord): boolean {
  return stored?.payload === record.payload;
}
