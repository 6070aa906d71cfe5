import type { Whereabouts, Watch } from '../lifecycle/watching/watch.js';
import { RequestSession } from '../session/request-session.js';
import type { SocketConnection } from './socket-connection.js';
import type { SocketHost } from './socket-host.js';

/** The session of one message. */
export interface Opened {
  readonly session: RequestSession;
  readonly host: SocketHost;
}

/** What a connection needs of its application. */
export interface ConnectionSetup {
  /** Makes a session for one message: that of the first token which stands for one. */
  host(connection: SocketConnection, tokens: readonly string[], isKnown: boolean): SocketHost;
  /**
   * Tells when a session ends, wherever that happens, until it is stopped.
   *
   * @param livesInCookie whether it is kept nowhere but in the cookie
   */
  watch(place: Whereabouts, livesInCookie: boolean): Watch;
  /** The token of an id; null where the session itself is the token. */
  tokenOf(id: string): string;
  /** The user that a session names; null for none. */
  userOf(session: RequestSession): unknown;
  /** What was written could not be stored, and no handler can be told any more. */
  unstored(error: unknown): void;
  /** `handleConnection` or `handleDisconnect` threw. */
  hookFailed(error: unknown): void;
}

/** Who is told what happens to the session of a client outside of its messages. */
interface ClientListener {
  /** It has ended. */
  ended(): void;
  /** It has got another id. */
  moved(): void;
}

/**
 * The sessions of one client, one for each message. The handshake says which session it is of, and each message loads that
 * anew: so it sees what others have written since, and that somebody has signed out. What is loaded is compared with what the
 * client was seen with before: it follows its session to another id, and never to another user.
 */
export class ClientSessions {
  readonly #connection: SocketConnection;
  readonly #setup: ConnectionSetup;
  readonly #listener: ClientListener;
  #tokens: readonly string[];
  /** Null until the client was seen with a session that is stored. */
  #known: { id: string; user: unknown; readonly watch: Watch } | null = null;
  #areOver = false;
  #isForgotten = false;

  /** @param tokens of the session cookie, likeliest first */
  constructor(
    connection: SocketConnection,
    setup: ConnectionSetup,
    tokens: readonly string[],
    listener: ClientListener,
  ) {
    this.#connection = connection;
    this.#setup = setup;
    this.#tokens = tokens;
    this.#listener = listener;
  }

  /** Whether there is anything to load. */
  get mayExist(): boolean {
    return this.#tokens.length > 0;
  }

  /** Whether the session that the client was seen with has ended, or is another user's: it is disconnected behind the next answer. */
  get areOver(): boolean {
    return this.#areOver;
  }

  /** Whether the session is known to have another id than the client was last seen with. */
  get haveMoved(): boolean {
    const id = this.#known?.watch.id ?? null;
    return !this.#areOver && id !== null && id !== this.#known?.id;
  }

  /** The client has left: its session is watched no longer. */
  forget(): void {
    this.#isForgotten = true;
    this.#known?.watch.stop();
  }

  /** A session that is not loaded: for a client that brought no token. */
  make(): Opened {
    const host = this.#setup.host(this.#connection, this.#tokens, this.#known !== null);
    return { session: new RequestSession(host), host };
  }

  /** Loads the session of the client. What fails is told to whoever uses it. */
  async load(): Promise<Opened> {
    this.#followInProcess();
    const opened = this.make();
    try {
      await opened.session.initiateAtOnce(false);
    } catch (error) {
      opened.host.failed(error);
      return opened;
    }
    return this.#recognized(opened);
  }

  /** Where the session got another id in this process, its watch knows; the store knows it for some seconds only. */
  #followInProcess(): void {
    const id = this.#known?.watch.id ?? null;
    if (id !== null && id !== this.#known?.id) this.#goOnAs(id);
  }

  #goOnAs(id: string): void {
    this.#tokens = [this.#setup.tokenOf(id)];
  }

  /** Compares what was loaded with what the client was seen with before. */
  #recognized(opened: Opened): Opened {
    const { session, host } = opened;
    if (!session.stored) {
      if (this.#known !== null && !host.degraded) this.#areOver = true;
      return opened;
    }
    const { id, expiresAt } = session;
    const user = this.#setup.userOf(session);
    const known = this.#known;
    if (known === null) {
      this.#known = { id, user, watch: this.#watch({ id, expiresAt }, host.livesInCookie) };
    } else if (id === known.id) {
      known.user = user;
    } else if (user === known.user) {
      // Another process has moved it.
      if (known.watch.id === known.id) known.watch.at({ id, expiresAt });
      known.id = id;
      this.#goOnAs(id);
    } else {
      // The session has another user by now: a socket is never handed on from one user to another.
      this.#areOver = true;
      this.#tokens = [];
      return this.make();
    }
    return opened;
  }

  #watch(place: Whereabouts, livesInCookie: boolean): Watch {
    const watch = this.#setup.watch(place, livesInCookie);
    watch.signal.addEventListener('abort', () => this.#listener.ended(), { once: true });
    watch.onMoved = () => this.#listener.moved();
    if (this.#isForgotten) watch.stop();
    return watch;
  }
}
