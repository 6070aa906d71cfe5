import type { FormerCookies } from '../http/cookie/former-cookies.js';
import type { SessionCookie } from '../http/cookie/session-cookie.js';
import type { ExclusionTest } from '../http/routing/excluded-routes.js';
import type { DetachedSettings } from '../session/detached-host.js';
import { ownText } from '../state/own-text.js';
import { type Handshake, handshakeOf } from './handshake.js';
import { type ConnectionSetup, SocketConnection, connectionOf } from './socket-connection.js';
import { SocketHost } from './socket-host.js';

/** What all sockets of an application share. */
export interface SocketSettings extends DetachedSettings {
  readonly cookie: Pick<SessionCookie, 'read'>;
  readonly formerCookies: FormerCookies | null;
  readonly isExcluded: ExclusionTest | null;
  /** Whose messages renew nothing. */
  readonly isPassive: ExclusionTest | null;
  readonly connections: Omit<ConnectionSetup, 'host'>;
}

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
  connect(client: unknown, rest: readonly unknown[], onClose: (closed: () => void) => void): void {
    if (typeof client !== 'object' || client === null || connectionOf(client) !== undefined) return;
    const handshake = handshakeOf(client, rest);
    const settings = this.#settings;
    if (isNamed(settings.isExcluded, handshake)) return;
    const isPassive = isNamed(settings.isPassive, handshake);
    const setup: ConnectionSetup = {
      ...settings.connections,
      host: (connection, tokens, isKnown) =>
        new SocketHost(settings, connection, tokens, { isKnown, isPassive }, handshake?.request),
    };
    const connection = new SocketConnection(
      client,
      setup,
      handshake === null ? [] : this.#tokensOf(handshake),
    );
    onClose(() => connection.close());
    connection.open();
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

function isNamed(names: ExclusionTest | null, handshake: Handshake | null): boolean {
  return names !== null && handshake?.path !== undefined && names('GET', handshake.path);
}
