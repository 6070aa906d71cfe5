import { DetachedHost, type DetachedSettings, type Door } from '../session/detached-host.js';
import { SessionUnavailableException } from '../session.exception.js';

const NO_COOKIE =
  'On a socket no cookie can be sent. Do it in an HTTP request; a session that began after the handshake is seen when the ' +
  'client connects anew.';

/** What comes by a connection, in the words of its errors. */
export interface SocketDoor {
  readonly unknown: Door;
  /** Of a client that has been seen with the session: whoever rotates its id takes the client with it. */
  readonly known: Door;
}

/** @param name, noCookie as `Door` has them */
export function socketDoor(name: string, noCookie: string): SocketDoor {
  const unknown: Door = { name, noCookie, isVisit: true };
  return { unknown, known: { ...unknown, followsMoves: true } };
}

/** Of messages to gateways. */
export const MESSAGE = socketDoor('a message on a socket', NO_COOKIE);

/** Where the session of one message lives, or of one operation. */
export class SocketHost extends DetachedHost {
  #failure: unknown = null;

  /**
   * @param connection that the message came by
   * @param about `isKnown`: whether the client was seen with a session that these tokens stand for; `isPassive`: whether its
   * messages are no visits
   */
  constructor(
    settings: DetachedSettings,
    door: SocketDoor,
    readonly connection: object,
    tokens: readonly string[],
    { isKnown, isPassive }: { readonly isKnown: boolean; readonly isPassive: boolean },
    request: unknown,
  ) {
    const used = isKnown ? door.known : door.unknown;
    super(settings, isPassive ? { ...used, isVisit: false } : used, tokens, request);
  }

  /** The session could not be loaded. Only who uses it is told: there Nest's filters answer it. */
  failed(error: unknown): void {
    this.#failure = error;
  }

  get unavailable(): Error | null {
    return this.#failure === null ? null : new SessionUnavailableException(this.#failure);
  }
}
