import { DetachedHost, type DetachedSettings, type Door } from '../session/detached-host.js';
import { SessionUnavailableException } from '../session.exception.js';

const NO_COOKIE =
  'On a socket no cookie can be sent. Do it in an HTTP request; a session that began after the handshake is seen when the ' +
  'client connects anew.';

const SOCKET: Door = { name: 'a message on a socket', noCookie: NO_COOKIE, isVisit: true, keepsClient: true };

/** As the door of a client that has been seen with the session: whoever rotates its id takes the client with it. */
const SOCKET_OF_A_SESSION: Door = { ...SOCKET, followsMoves: true };

/** Where the session of one message lives. */
export class SocketHost extends DetachedHost {
  #failure: unknown = null;

  /**
   * @param connection that the message came by
   * @param about `isKnown`: whether the client was seen with a session that these tokens stand for; `isPassive`: whether its
   * messages are no visits
   */
  constructor(
    settings: DetachedSettings,
    readonly connection: object,
    tokens: readonly string[],
    { isKnown, isPassive }: { readonly isKnown: boolean; readonly isPassive: boolean },
    request: unknown,
  ) {
    const door = isKnown ? SOCKET_OF_A_SESSION : SOCKET;
    super(settings, isPassive ? { ...door, isVisit: false } : door, tokens, request);
  }

  /** The session could not be loaded. Only who uses it is told: there Nest's filters answer it. */
  failed(error: unknown): void {
    this.#failure = error;
  }

  get unavailable(): Error | null {
    return this.#failure === null ? null : new SessionUnavailableException(this.#failure);
  }
}
