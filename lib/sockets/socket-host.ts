import { DetachedHost, type DetachedSettings, type EntryPoint } from '../session/detached-host.js';
import { SessionUnavailableException } from '../session.exception.js';

/** How errors name what arrives over a connection. */
export type SocketTexts = Pick<EntryPoint, 'name' | 'noCookie'>;

/** For messages to gateways. */
export const MESSAGE: SocketTexts = {
  name: 'a message on a socket',
  noCookie:
    'On a socket no cookie can be sent. Do it in an HTTP request; a session that began after the handshake is seen when the ' +
    'client connects anew.',
};

/** The host of the session of one message, or of one operation. */
export class SocketHost extends DetachedHost {
  #failure: unknown = null;

  /**
   * @param connection the connection that the message came over
   * @param about `isKnown`: whether the client had a session that these tokens name: then it follows the session
   * to a new id; `isPassive`: whether its messages are no visits
   */
  constructor(
    settings: DetachedSettings,
    texts: SocketTexts,
    readonly connection: object,
    tokens: readonly string[],
    { isKnown, isPassive }: { readonly isKnown: boolean; readonly isPassive: boolean },
    request: unknown,
  ) {
    super(settings, { ...texts, isVisit: !isPassive, followsMoves: isKnown }, tokens, request);
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
