import { CHANNELS } from '../events/channels.js';
import type { TokenRefusal } from '../events/session-events.js';
import type { ActiveSession } from './active-session.js';
import { about } from './telling.js';

/** Whether anybody wants to hear of what is loaded. */
export function isLoadingHeard(): boolean {
  return CHANNELS.loaded.isHeard || CHANNELS.refused.isHeard || CHANNELS['old-secret'].isHeard;
}

/** Loads a session, and tells of it. Where that fails, there is nothing to tell. */
export function tellLoading(session: ActiveSession, load: () => Promise<void> | void): Promise<void> | void {
  return after(session, load, () => {
    tellLoaded(session);
  });
}

/** The same where a token says which session it is: also told is why it says so of none, and which secret it was made with. */
export function tellOpening(
  session: ActiveSession,
  token: string,
  isOfOtherKind: () => boolean,
  open: () => Promise<void> | void,
): Promise<void> | void {
  return after(session, open, () => {
    if (tellLoaded(session)) tellSecret(session, token);
    // Of a session whose store failed nothing is known.
    else if (!session.degraded && CHANNELS.refused.isHeard) tellRefused(session, token, isOfOtherKind());
  });
}

function after(
  session: ActiveSession,
  load: () => Promise<void> | void,
  tell: () => void,
): Promise<void> | void {
  session.since = performance.now();
  const loading = load();
  return loading === undefined ? tell() : loading.then(tell);
}

/** @returns whether there was a session */
function tellLoaded(session: ActiveSession): boolean {
  const { loaded, since } = session;
  if (loaded === null) return false;
  if (CHANNELS.loaded.isHeard) {
    const { createdAt } = session.state;
    const { expiresAt } = loaded;
    CHANNELS.loaded.publish({
      ...about(session, loaded),
      ms: performance.now() - since,
      createdAt,
      expiresAt,
    });
  }
  return true;
}

function tellSecret({ runtime: { keyring, driver, clock } }: ActiveSession, token: string): void {
  if (!CHANNELS['old-secret'].isHeard) return;
  const position = keyring.secretOf(token) ?? 0;
  if (position > 0) CHANNELS['old-secret'].publish({ driver, at: clock.now(), opened: 'token', position });
}

function tellRefused(session: ActiveSession, token: string, isOfOtherKind: boolean): void {
  const { driver, clock } = session.runtime;
  const reason = isOfOtherKind ? 'other-driver' : reasonOf(session, token);
  CHANNELS.refused.publish({ driver, at: clock.now(), reason });
}

function reasonOf({ runtime, phase }: ActiveSession, token: string): TokenRefusal {
  if (runtime.keyring.secretOf(token) === null) return 'not-ours';
  return phase === 'left' ? 'moved' : 'gone';
}
