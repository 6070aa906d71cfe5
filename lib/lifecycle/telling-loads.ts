import { CHANNELS } from '../events/channels.js';
import type { TokenRefusal } from '../events/session-events.js';
import type { ActiveSession } from './active-session.js';
import { about } from './telling.js';

/** Whether anybody wants to hear of what is loaded. */
export function isLoadingHeard(): boolean {
  return CHANNELS.loaded.isHeard || CHANNELS.refused.isHeard || CHANNELS['old-secret'].isHeard;
}

/** Takes what is to be told, to tell it as soon as the session can be asked: a listener may want to know whose it is. */
type Keep = (tell: () => void) => void;

/** Loads a session, and has something told of it. Where that fails, there is nothing to tell. */
export function tellLoading(
  session: ActiveSession,
  keep: Keep,
  load: () => Promise<void> | void,
): Promise<void> | void {
  return after(session, load, () => {
    tellLoaded(session, keep);
  });
}

/** The same where a token says which session it is: also told is why it says so of none, and which secret it was made with. */
export function tellOpening(
  session: ActiveSession,
  keep: Keep,
  token: string,
  isOfOtherKind: () => boolean,
  open: () => Promise<void> | void,
): Promise<void> | void {
  return after(session, open, () => {
    if (tellLoaded(session, keep)) tellSecret(session, keep, token);
    // Of a session whose store failed nothing is known.
    else if (!session.degraded && CHANNELS.refused.isHeard)
      tellRefused(session, keep, token, isOfOtherKind());
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
function tellLoaded(session: ActiveSession, keep: Keep): boolean {
  const { loaded, since } = session;
  if (loaded === null) return false;
  if (CHANNELS.loaded.isHeard) {
    const { createdAt } = session.state;
    const { expiresAt } = loaded;
    const ms = performance.now() - since;
    const message = { ...about(session, loaded), ms, createdAt, expiresAt };
    keep(() => CHANNELS.loaded.publish(message));
  }
  return true;
}

function tellSecret({ runtime }: ActiveSession, keep: Keep, token: string): void {
  const channel = CHANNELS['old-secret'];
  if (!channel.isHeard) return;
  const { keyring, driver, clock } = runtime;
  const position = keyring.secretOf(token) ?? 0;
  if (position > 0) keep(() => channel.publish({ driver, at: clock.now(), opened: 'token', position }));
}

function tellRefused(session: ActiveSession, keep: Keep, token: string, isOfOtherKind: boolean): void {
  const { driver, clock } = session.runtime;
  const reason = isOfOtherKind ? 'other-driver' : reasonOf(session, token);
  keep(() => CHANNELS.refused.publish({ driver, at: clock.now(), reason }));
}

function reasonOf({ runtime, phase }: ActiveSession, token: string): TokenRefusal {
  if (runtime.keyring.secretOf(token) === null) return 'not-ours';
  return phase === 'left' ? 'moved' : 'gone';
}
