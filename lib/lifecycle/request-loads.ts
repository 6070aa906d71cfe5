import { type TokenKind, Keyring } from '../crypto/keyring.js';
import { CHANNELS } from '../events/channels.js';
import type { TokenRefusal } from '../events/session-events.js';
import type { ActiveSession } from './active-session.js';
import { about, beginning } from './publish-events.js';
import type { SessionBackend } from './session-backend.js';
import type { SessionLifecycle } from './session-lifecycle.js';
import type { ForeignSession } from './taking-over/session-source.js';
import type { TakenOver } from './taking-over/taken-over.js';

/** Publishes an event. Called once the session can be queried, as a listener may want to know whose it is. */
type QueuedEvent = () => void;

/**
 * How a request loads its session: by token, by id, or from another library. Load events wait until the
 * session can be queried.
 */
export class RequestLoads {
  readonly #life: SessionLifecycle;
  readonly #backend: SessionBackend;
  readonly #queued: QueuedEvent[] = [];

  constructor(life: SessionLifecycle, backend: SessionBackend) {
    this.#life = life;
    this.#backend = backend;
  }

  /** Loads the session of a token. The session stays empty if the token is not ours or its session is gone. */
  byToken(token: string): Promise<void> | void {
    const backend = this.#backend;
    const { session } = this.#life;
    session.sentToken = token;
    const { loaded, refused, 'old-secret': oldSecret } = CHANNELS;
    if (!(loaded.hasSubscribers || refused.hasSubscribers || oldSecret.hasSubscribers))
      return backend.loadByToken(session, token);
    return this.#heard(
      () => backend.loadByToken(session, token),
      () => eventsOfToken(session, token, backend.tokenKinds),
    );
  }

  /** Whether a token is a session sealed by this application, for a driver that seals sessions. */
  opens(token: string): boolean {
    const { runtime, tokenKinds } = this.#backend;
    return tokenKinds.includes('sealed') && runtime.keyring.open(token) !== null;
  }

  /** Loads the session of an id that the application chose itself. */
  byId(id: string): Promise<void> | void {
    const { session } = this.#life;
    return this.#heard(
      () => this.#backend.loadById(session, id),
      () => eventsOfLoad(session),
    );
  }

  /**
   * Takes over and loads a session of another library, once.
   *
   * @returns null if there is nothing to take over
   */
  async takeOver(foreign: ForeignSession): Promise<TakenOver | null> {
    const { session } = this.#life;
    try {
      return await this.#heard(
        () => this.#backend.takeOver(session, foreign),
        () => eventsOfLoad(session),
      );
    } catch (error) {
      session.degradeOn(error);
      return null;
    }
  }

  #heard<T>(load: () => Promise<T> | T, events: () => QueuedEvent[]): Promise<T> | T {
    this.#life.session.since = beginning('loaded');
    const queued = (answer: T): T => {
      this.#queued.push(...events());
      return answer;
    };
    const loading = load();
    return loading instanceof Promise ? loading.then(queued) : queued(loading);
  }

  /** Whether events are waiting. */
  get hasEvents(): boolean {
    return this.#queued.length > 0;
  }

  /** Publishes the load events. Call it once the session can be queried. */
  publishEvents(): void {
    for (const publish of this.#queued.splice(0)) publish();
  }
}

/** The events of a load. */
function eventsOfLoad(session: ActiveSession): QueuedEvent[] {
  const { base, since } = session;
  if (base === null || since === null) return [];
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
function eventsOfToken(session: ActiveSession, token: string, kinds: readonly TokenKind[]): QueuedEvent[] {
  if (session.base !== null) return [...eventsOfLoad(session), ...eventsOfSecret(session, token)];
  // If the store failed, nothing is known about the session.
  if (session.readonly === 'degraded' || !CHANNELS.refused.hasSubscribers) return [];
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
  { runtime, phase, hasOpenedToken }: ActiveSession,
  token: string,
  kinds: readonly TokenKind[],
): TokenRefusal {
  const kind = Keyring.kindOf(token);
  if (kind !== null && !kinds.includes(kind)) return 'other-driver';
  // A sealing driver of the application opens what the keyring does not.
  if (!hasOpenedToken && runtime.keyring.secretOf(token) === null) return 'not-ours';
  return phase === 'stale' ? 'moved' : 'gone';
}
