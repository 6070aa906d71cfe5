import { CHANNELS } from '../events/channels.js';
import type { TokenRefusal } from '../events/session-events.js';
import type { ActiveSession } from './active-session.js';
import { about } from './publish-events.js';

/** Whether anybody wants to hear of what is loaded. */
export function isLoadingHeard(): boolean {
  return (
    CHANNELS.loaded.hasSubscribers || CHANNELS.refused.hasSubscribers || CHANNELS['old-secret'].hasSubscribers
  );
}

/** What is to be told as soon as the session can be asked: a listener may want to know whose it is. */
type ToTell = (() => void)[];

/** Loads a session, and has something told of it. Where that fails, there is nothing to tell. */
export function tellLoading<T>(
  session: ActiveSession,
  toTell: ToTell,
  load: () => Promise<T> | T,
): Promise<T> | T {
  return after(session, load, () => {
    tellLoaded(session, toTell);
  });
}

/** The same where a token says which session it is: also told is why it says so of none, and which secret it was made with. */
export function tellOpening(
  session: ActiveSession,
  toTell: ToTell,
  token: string,
  isOfOtherKind: () => boolean,
  open: () => Promise<void> | void,
): Promise<void> | void {
  return after(session, open, () => {
    if (tellLoaded(session, toTell)) tellSecret(session, toTell, token);
    // Of a session whose store failed nothing is known.
    else if (!session.degraded && CHANNELS.refused.hasSubscribers)
      tellRefused(session, toTell, token, isOfOtherKind());
  });
}

function after<T>(session: ActiveSession, load: () => Promise<T> | T, tell: () => void): Promise<T> | T {
  session.since = performance.now();
  const told = (answer: T): T => {
    tell();
    return answer;
  };
  const loading = load();
  return loading instanceof Promise ? loading.then(told) : told(loading);
}

/** @returns whether there was a session */
function tellLoaded(session: ActiveSession, toTell: ToTell): boolean {
  const { loaded, since } = session;
  if (loaded === null) return false;
  if (CHANNELS.loaded.hasSubscribers) {
    const { createdAt } = session.state.facts;
    const { expiresAt } = loaded;
    const ms = performance.now() - since;
    const message = { ...about(session, loaded), ms, createdAt, expiresAt };
    toTell.push(() => CHANNELS.loaded.publish(message));
  }
  return true;
}

function tellSecret({ runtime }: ActiveSession, toTell: ToTell, token: string): void {
  const channel = CHANNELS['old-secret'];
  if (!channel.hasSubscribers) return;
  const { keyring, driver, clock } = runtime;
  const position = keyring.secretOf(token) ?? 0;
  if (position > 0)
    toTell.push(() => channel.publish({ driver, at: clock.now(), opened: 'token', position }));
}

function tellRefused(session: ActiveSession, toTell: ToTell, token: string, isOfOtherKind: boolean): void {
  const { driver, clock } = session.runtime;
  const reason = isOfOtherKind ? 'other-driver' : reasonOf(session, token);
  toTell.push(() => CHANNELS.refused.publish({ driver, at: clock.now(), reason }));
}

function reasonOf({ runtime, phase }: ActiveSession, token: string): TokenRefusal {
  if (runtime.keyring.secretOf(token) === null) return 'not-ours';
  return phase === 'left' ? 'moved' : 'gone';
}
