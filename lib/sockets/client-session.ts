import type { RunningCalls } from '../drivers/running-calls.js';
import type { Whereabouts, Watch } from '../lifecycle/watching/watch.js';
import { HostedSession } from '../session/hosted-session.js';
import type { SocketConnection } from './socket-connection.js';
import type { SocketHost } from './socket-host.js';

/** The session of one message. */
export interface MessageSession {
  readonly hosted: HostedSession;
  readonly host: SocketHost;
}

/** What a connection needs from its application. */
export interface ConnectionSetup {
  /** Creates the host of a session for one message. The session is that of the first token that has one. */
  host(connection: SocketConnection, tokens: readonly string[], isKnown: boolean): SocketHost;
  /**
   * Watches for the end of a session, wherever it happens, until stopped.
   *
   * @param livesInCookie whether only the cookie holds the session
   */
  watch(place: Whereabouts, livesInCookie: boolean): Watch;
  /** The calls that a shutdown waits for. */
  readonly running: RunningCalls;
  /** The token of an id. */
  tokenOf(id: string): string;
  /** Reports that changes could not be stored when no handler can be told any more. */
  unstored(error: unknown): void;
  /** Reports that `handleConnection` or `handleDisconnect` threw. */
  hookFailed(error: unknown): void;
}

/** Gets notified of what happens to a client's session outside of its messages. */
interface ClientListener {
  /** The session has ended. */
  ended(): void;
  /** The session has got another id. */
  moved(): void;
}

/**
 * The sessions of one client, one for each message. The handshake names the session, and each message reloads
 * it, so the message sees what others have written since, and a sign-out. The loaded session is compared with
 * the one the client had before: the client follows its session to another id, but never to another user.
 */
export class ClientSession {
  readonly #connection: SocketConnection;
  readonly #setup: ConnectionSetup;
  readonly #listener: ClientListener;
  #tokens: readonly string[];
  /** Null until a stored session of the client was loaded. */
  #known: { id: string; user: string | null; readonly watch: Watch } | null = null;
  #isOver = false;
  #isForgotten = false;

  /** @param tokens the tokens of the session cookie, likeliest first */
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

  /** Whether there is a session to load. */
  get mayExist(): boolean {
    return this.#tokens.length > 0;
  }

  /**
   * Whether the client's session has ended or belongs to another user: the client is disconnected after the
   * next answer.
   */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether the session is known to have another id than when it was last loaded. */
  get hasMoved(): boolean {
    return !this.#isOver && this.#movedTo !== null;
  }

  /** The id that the session got in this process since it was last loaded, as its watch knows; null for none. */
  get #movedTo(): string | null {
    const id = this.#known?.watch.id ?? null;
    return id === this.#known?.id ? null : id;
  }

  /** The client has disconnected: stops watching its session. */
  forget(): void {
    this.#isForgotten = true;
    this.#known?.watch.stop();
  }

  /** Creates a session without loading it: for a client that brought no token. */
  make(): MessageSession {
    const host = this.#setup.host(this.#connection, this.#tokens, this.#known !== null);
    return { hosted: new HostedSession(host), host };
  }

  /** Loads the client's session. A failure is reported to the code that uses the session. */
  async load(): Promise<MessageSession> {
    // The store remembers the move only briefly.
    const to = this.#movedTo;
    if (to !== null) this.#goOnAs(to);
    const opened = this.make();
    this.#setup.running.begin(opened.host);
    try {
      await opened.hosted.initiate();
      return this.#recognized(opened);
    } catch (error) {
      opened.host.failed(error);
      return opened;
    }
  }

  #goOnAs(id: string): void {
    this.#tokens = [this.#setup.tokenOf(id)];
  }

  /** Compares the loaded session with the one the client had before. */
  #recognized(opened: MessageSession): MessageSession {
    const { host, hosted } = opened;
    const { session, life } = hosted;
    if (!session.stored) {
      if (this.#known !== null && life?.session.readonly !== 'degraded') this.#isOver = true;
      return opened;
    }
    const { id, expiresAt, userId: user } = session;
    const known = this.#known;
    if (known === null) {
      this.#known = { id, user, watch: this.#watch({ id, expiresAt }, life?.livesInCookie === true) };
    } else if (id === known.id) {
      known.user = user;
    } else if (user === known.user) {
      // Another process has moved it.
      if (known.watch.id === known.id) known.watch.at({ id, expiresAt });
      known.id = id;
      this.#goOnAs(id);
    } else {
      // The session has another user now: a socket is never passed from one user to another.
      this.#isOver = true;
      this.#tokens = [];
      this.#setup.running.end(host);
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
