import { RunningCalls } from '../drivers/running-calls.js';
import type { CookieSetup, TokenSetup } from '../http/cookie/cookie-setup.js';
import { sentTokens } from '../http/cookie/sent-tokens.js';
import type { RouteTest } from '../http/routing/named-routes.js';
import type { TokenPlace } from '../lifecycle/token-place.js';
import type { Whereabouts, Watch } from '../lifecycle/watching/watch.js';
import type { DetachedSettings } from '../session/detached-host.js';
import { ownText } from '../state/own-text.js';
import { type Handshake, handshakeOf, tenantRequest } from './handshake.js';
import type { ConnectionSetup } from './client-session.js';
import { SocketConnection, connectionOf } from './socket-connection.js';
import { MESSAGE, SocketHost, type SocketTexts } from './socket-host.js';

/** The settings that all sockets of an application share. */
interface SocketSettings extends DetachedSettings, Pick<ConnectionSetup, 'unstored' | 'hookFailed'> {
  readonly tokens: TokenSetup;
  readonly isExcluded: RouteTest | null;
  /** Matches sockets whose messages renew nothing. */
  readonly isPassive: RouteTest | null;
  /** How long a shutdown waits for running handlers, in ms. */
  readonly patienceMs: number;
  /** As in `ConnectionSetup`; with the request of the handshake if a driver is created for each request. */
  watch(place: Whereabouts, livesInCookie: boolean, request: unknown): Watch;
}

/** The tokens of a client, and their place. */
interface ClientTokens {
  readonly tokens: readonly string[];
  readonly place: TokenPlace;
  readonly setup: CookieSetup;
}

/** Registers a callback for when a client disconnects. */
type OnClose = (closed: () => void) => void;

/**
 * The sessions of one application's sockets. Here, a client that connects becomes a SocketConnection. That
 * runs its messages one by one, each in a session that ClientSession loads for it and whose host is a
 * SocketHost.
 */
export class SocketSessions {
  readonly #settings: SocketSettings;
  readonly #running = new RunningCalls();

  constructor(settings: SocketSettings) {
    this.#settings = settings;
  }

  /**
   * Registers a client that has connected. If several gateways report the same client, the first call counts.
   *
   * @param rest what the adapter passes along with it
   * @param onClose registers a callback for when it disconnects
   */
  connect(client: unknown, rest: readonly unknown[], onClose: OnClose): void {
    if (typeof client !== 'object' || client === null || connectionOf(client) !== undefined) return;
    this.join(client, rest, onClose, MESSAGE)?.open();
  }

  /**
   * Creates the connection of a client that connected earlier without being reported. Loads nothing.
   *
   * @param texts name what arrives over the connection
   * @returns null on an excluded path
   */
  join(
    client: object,
    rest: readonly unknown[],
    onClose: OnClose,
    texts: SocketTexts,
  ): SocketConnection | null {
    const handshake = handshakeOf(client, rest);
    const settings = this.#settings;
    if (isNamed(settings.isExcluded, handshake)) return null;
    const isPassive = isNamed(settings.isPassive, handshake);
    const { tokens, place, setup } = this.#sentBy(handshake);
    // Nothing else of the handshake is kept: sockets live long, and a request with all its headers is large.
    const request = settings.lifecycles.needsRequest ? handshake?.request : undefined;
    const detached = { ...settings, place, cookieAttributes: setup.cookie.attributes };
    const connectionSetup: ConnectionSetup = {
      ...settings,
      watch: (watched, livesInCookie) => settings.watch(watched, livesInCookie, request),
      running: this.#running,
      tokenOf: (id) => place.keyring.sign(id),
      host: (of, carried, isKnown) =>
        new SocketHost(detached, texts, of, carried, { isKnown, isPassive }, request),
    };
    const connection = new SocketConnection(client, connectionSetup, tokens);
    onClose(() => connection.close());
    return connection;
  }

  /**
   * Waits for the handlers and hooks that are running, so that what they write is stored before the store is
   * closed.
   *
   * @returns at the latest after the patience of the settings
   */
  async callsEnded(): Promise<void> {
    await this.#running.allEnded(this.#settings.patienceMs);
  }

  /** Without a handshake, or if the tenant cannot be determined from it, the client has no session. */
  #sentBy(handshake: Handshake | null): ClientTokens {
    const { tokens: ofAll } = this.#settings;
    if (handshake !== null) {
      try {
        return clientTokens(
          ofAll.tenants === null ? ofAll : ofAll.tenants.of(tenantRequest(handshake)),
          handshake,
        );
      } catch (error) {
        this.#settings.hookFailed(error);
      }
    }
    return { tokens: [], place: ofAll.place, setup: ofAll };
  }
}

/** Copies the tokens: sockets live long, and a substring of a header keeps the whole header in memory. */
function clientTokens(setup: CookieSetup, { headers }: Handshake): ClientTokens {
  const { tokens, earlierTokens, header } = sentTokens(setup, headers);
  const all = [...tokens, ...(earlierTokens?.() ?? [])];
  return { tokens: all.map(ownText), place: (header ?? setup).place, setup };
}

function isNamed(names: RouteTest | null, handshake: Handshake | null): boolean {
  return names !== null && handshake?.path !== undefined && names('GET', handshake.path);
}
