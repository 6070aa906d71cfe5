import { type Caller, knownClient } from '../caller.js';
import type { ForeignContent, ForeignSession } from './session-source.js';
import { SessionState } from '../../state/session-state.js';
import { isKey } from '../../state/values.js';
import type { SessionRuntime } from '../session-runtime.js';

/** How a session of another library came to go on here. */
export interface TakenOver {
  /** To be called once its cookie has reached the browser: from then on the old one opens nothing. Never fails. */
  readonly finish: () => Promise<void>;
}

/** The key under which parallel requests with the same old session meet; null where its cookie does not tell it from those of others. */
export function keyOf({ key, isOfUser = false }: ForeignSession, caller: Caller): string | null {
  if (!isOfUser || key === null) return key;
  const { ipAddress, userAgent } = knownClient(caller);
  return ipAddress === null ? null : JSON.stringify([key, ipAddress, userAgent]);
}

/**
 * The state that a session of another library has here to begin with. It lives as long as it would have there, where that is longer
 * than sessions live here.
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

/** Whether something comes to a good end. */
export function succeeds(deed: Promise<unknown>): Promise<boolean> {
  return deed.then(
    () => true,
    () => false,
  );
}

/** Ends a session where it was kept before. False where it is kept nowhere, or that failed: the guard before its store says so. */
export function removed(foreign: ForeignSession): Promise<boolean> {
  return foreign.remove === undefined ? Promise.resolve(false) : succeeds(foreign.remove());
}
