import type { FormerCookies } from '../http/cookie/former-cookies.js';
import type { SessionCookie } from '../http/cookie/session-cookie.js';
import type { ExclusionTest } from '../http/routing/excluded-routes.js';
import type { DetachedSettings } from '../session/detached-host.js';
import { ownText } from '../state/own-text.js';
import { type Handshake, handshakeOf } from './handshake.js';
import { type ConnectionSetup, SocketConnection, connectionOf } from './socket-connection.js';
import { MESSAGE, type SocketDoor, SocketHost } from './socket-host.js';

/** What all sockets of an application share. */
export interface SocketSettings extends DetachedSettings {
  readonly cookie: Pick<SessionCookie, 'read'>;
  readonly formerCookies: FormerCookies | null;
  readonly isExcluded: ExclusionTest | null;
  readonly connections: Omit<ConnectionSetup, 'host'>;
}

/** Has something called when a client leaves. */
type OnClose = (closed: () => void) => void;

/** The sessions of one application's sockets. */
export class SocketSessions {
  readonly #settings: SocketSettings;

  constructor(settings: SocketSettings) {
    this.#settings = settings;
  }

  /**
   * A client has connected. Of a client that several gateways are told of, the first call counts.
   *
   * @param rest what the adapter hands along with it
   * @param onClose has something called when it leaves
   */
  connect(client: unknown, rest: readonly unknown[], onClose: OnClose): void {
    if (typeof client !== 'object' || client === null || connectionOf(client) !== undefined) return;
    this.join(client, rest, onClose, MESSAGE)?.open();
  }

  /**
   * The connection of a client that has connected before, and has not been told of. Nothing is loaded for that.
   *
   * @param door what comes by it
   * @returns null on an excluded path
   */
  join(
    client: object,
    rest: readonly unknown[],
    onClose: OnClose,
    door: SocketDoor,
  ): SocketConnection | null {
    const handshake = handshakeOf(client, rest);
    if (handshake !== null && this.#isExcluded(handshake)) return null;
    const settings = this.#settings;
    const setup: ConnectionSetup = {
      ...settings.connections,
      host: (connection, tokens, isKnown) =>
        new SocketHost(settings, door, connection, tokens, isKnown, handshake?.request),
    };
    const connection = new SocketConnection(
      client,
      setup,
      handshake === null ? [] : this.#tokensOf(handshake),
    );
    onClose(() => connection.close());
    return connection;
  }

  #isExcluded({ path }: Handshake): boolean {
    const { isExcluded } = this.#settings;
    return isExcluded !== null && path !== undefined && isExcluded('GET', path);
  }

  /** Copied, since a socket lives long: what is cut out of a header keeps all of it alive. */
  #tokensOf({ headers }: Handshake): string[] {
    const { cookie, formerCookies } = this.#settings;
    const header = headers.cookie;
    const { tokens } = cookie.read(header);
    const all =
      formerCookies?.mayBeIn(header) === true
        ? [...formerCookies.sorted(tokens), ...formerCookies.tokens(header ?? '')]
        : tokens;
    return all.map(ownText);
  }
}
