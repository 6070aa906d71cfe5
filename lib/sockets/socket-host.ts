import { DetachedHost, type DetachedSettings, type EntryPoint } from '../session/detached-host.js';
import { SessionUnavailableException } from '../session.exception.js';

const NO_COOKIE =
  'On a socket no cookie can be sent. Do it in an HTTP request; a session that began after the handshake is seen when the ' +
  'client connects anew.';

/** How errors name what arrives over a connection. */
export interface SocketEntryPoint {
  readonly unknown: EntryPoint;
  /** For a client whose session was loaded before: it follows the session to a new id. */
  readonly known: EntryPoint;
}

/**
 * @param name as in `EntryPoint`
 * @param noCookie as in `EntryPoint`
 */
export function socketEntryPoint(name: string, noCookie: string): SocketEntryPoint {
  const unknown: EntryPoint = { name, noCookie, isVisit: true };
  return { unknown, known: { ...unknown, followsMoves: true } };
}

/** For messages to gateways. */
export const MESSAGE = socketEntryPoint('a message on a socket', NO_COOKIE);

/** The host of the session of one message, or of one operation. */
export class SocketHost extends DetachedHost {
  #failure: unknown = null;

  /**
   * @param connection the connection that the message came over
   * @param about `isKnown`: whether the client had a session that these tokens name; `isPassive`: whether its
   * messages are no visits
   */
  constructor(
    settings: DetachedSettings,
    entryPoint: SocketEntryPoint,
    readonly connection: object,
    tokens: readonly string[],
    { isKnown, isPassive }: { readonly isKnown: boolean; readonly isPassive: boolean },
    request: unknown,
  ) {
    const used = isKnown ? entryPoint.known : entryPoint.unknown;
    super(settings, isPassive ? { ...used, isVisit: false } : used, tokens, request);
  }

  /**
   * The session could not be loaded. Only code that uses the session gets the error, so Nest's filters can
   * answer it.
   */
  failed(error: unknown): void {
    this.#failure = error;
  }

  get unavailable(): Error | null {
    return this.#failure === null ? null : new SessionUnavailableException(this.#failure);
  }
}
