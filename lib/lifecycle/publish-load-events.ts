import { type TokenKind, Keyring } from '../crypto/keyring.js';
import { CHANNELS } from '../events/channels.js';
import type { TokenRefusal } from '../events/session-events.js';
import type { ActiveSession } from './active-session.js';
import { about } from './publish-events.js';

/** Publishes an event. Called once the session can be queried, as a listener may want to know whose it is. */
export type QueuedEvent = () => void;

/** Whether anybody subscribes to events about loaded sessions. */
export function isLoadingHeard(): boolean {
  return (
    CHANNELS.loaded.hasSubscribers || CHANNELS.refused.hasSubscribers || CHANNELS['old-secret'].hasSubscribers
  );
}

/** The events of a load. */
export function eventsOfLoad(session: ActiveSession): QueuedEvent[] {
  const { base, since } = session;
  if (base === null || !CHANNELS.loaded.hasSubscribers) return [];
  const { createdAt } = session.state.facts;
  const { expiresAt } = base;
  const message = { ...about(session, base), ms: performance.now() - since, createdAt, expiresAt };
  return [() => CHANNELS.loaded.publish(message)];
}

/**
 * The events of a load by token: also which secret made the token, or why the token has no session.
 *
 * @param kinds the kinds of tokens that the application's driver uses
 */
export function eventsOfToken(
  session: ActiveSession,
  token: string,
  kinds: readonly TokenKind[],
): QueuedEvent[] {
  if (session.base !== null) return [...eventsOfLoad(session), ...eventsOfSecret(session, token)];
  // If the store failed, nothing is known about the session.
  if (session.degraded || !CHANNELS.refused.hasSubscribers) return [];
  const { driver, clock } = session.runtime;
  const reason = refusalOf(session, token, kinds);
  return [() => CHANNELS.refused.publish({ driver, at: clock.now(), reason })];
}

function eventsOfSecret({ runtime }: ActiveSession, token: string): QueuedEvent[] {
  const channel = CHANNELS['old-secret'];
  if (!channel.hasSubscribers) return [];
  const { keyring, driver, clock } = runtime;
  const position = keyring.secretOf(token) ?? 0;
  return position === 0
    ? []
    : [() => channel.publish({ driver, at: clock.now(), opened: 'token', position })];
}

function refusalOf(
  { runtime, phase }: ActiveSession,
  token: string,
  kinds: readonly TokenKind[],
): TokenRefusal {
  const kind = Keyring.kindOf(token);
  if (kind !== null && !kinds.includes(kind)) return 'other-driver';
  if (runtime.keyring.secretOf(token) === null) return 'not-ours';
  return phase === 'stale' ? 'moved' : 'gone';
}
