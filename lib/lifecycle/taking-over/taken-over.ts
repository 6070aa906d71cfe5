import { type Caller, knownClient } from '../caller.js';
import type { ForeignContent, ForeignSession } from './session-source.js';
import { SessionState } from '../../state/session-state.js';
import { isKey } from '../../state/values.js';
import type { SessionRuntime } from '../session-runtime.js';

/** The result of taking over a session of another library. */
export interface TakenOver {
  /**
   * Call once its cookie has reached the browser: from then on the old cookie is not accepted any more. Never
   * fails.
   */
  readonly finish: () => Promise<void>;
}

/**
 * The key that parallel requests with the same old session share; null if its cookie does not tell it apart
 * from others.
 */
export function keyOf({ key, isOfUser = false }: ForeignSession, caller: Caller): string | null {
  if (!isOfUser || key === null) return key;
  const { ipAddress, userAgent } = knownClient(caller);
  return ipAddress === null ? null : JSON.stringify([key, ipAddress, userAgent]);
}

/**
 * The initial state of a session of another library. It keeps its remaining lifetime if that is longer than
 * the lifetime of sessions here.
 */
export function foreignState(
  { serializer, clock, lifetimes, userKey }: SessionRuntime,
  { values, userId, expiresAt }: ForeignContent,
): SessionState {
  const now = clock.now();
  const state = SessionState.empty(serializer, now);
  for (const [key, value] of Object.entries(values)) if (isKey(key)) state.assign(key, value);
  if (userId !== undefined && userId !== null) state.put(userKey, userId);
  const left = (expiresAt ?? 0) - now;
  const { facts } = state;
  if (left > lifetimes.durationOf(facts) && !lifetimes.endsWithBrowser(facts)) facts.duration = left;
  return state;
}

/** Whether a promise is fulfilled. */
export function succeeds(deed: Promise<unknown>): Promise<boolean> {
  return deed.then(
    () => true,
    () => false,
  );
}

/**
 * Ends a session in its old store. False if it has none, or if that failed, which the guard before that store
 * reports.
 */
export function removed(foreign: ForeignSession): Promise<boolean> {
  return foreign.remove === undefined ? Promise.resolve(false) : succeeds(foreign.remove());
}
