import { type Observable, isObservable } from 'rxjs';
import { inContextOf, sessionContext } from '../session/session.context.js';
import { RequestSession } from '../session/request-session.js';
import type { Place, Watch } from '../lifecycle/watch.js';
import { disconnect } from './disconnect.js';
import { RunningHandler } from './running-handler.js';
import { SocketHost } from './socket-host.js';

/** The session of one message. */
interface Opened {
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
  watch(place: Place, livesInCookie: boolean): Watch;
  /** The token of an id; null where the session itself is the token. */
  tokenOf(id: string): string;
  /** The user that a session names; null for none. */
  userOf(session: RequestSession): unknown;
  /** What was written could not be stored, and no handler can be told any more. */
  unstored(error: unknown): void;
  /** `handleConnection` or `handleDisconnect` threw. */
  hookFailed(error: unknown): void;
}

/** The session of something that several calls work on, and that comes to its end when they are through. */
export interface Lent {
  readonly session: RequestSession;
  /** What was written could not be stored. */
  unstored(error: unknown): void;
  /** Stores what is left, and ends it. */
  giveBack(): Promise<void>;
}

const SESSION_ENDED = 'The session has ended.';
const REFUSED = 'The connection was refused.';

/** The clients of all applications of the process. */
const connections = new WeakMap<object, SocketConnection>();

/** Undefined where the client's application has no sessions, and on an excluded path. */
export function connectionOf(client: unknown): SocketConnection | undefined {
  return typeof client === 'object' && client !== null ? connections.get(client) : undefined;
}

/**
 * One client that is connected. Its handshake says which session it is of, and each message loads that anew: so it sees
 * what others have written since, and that somebody has signed out.
 */
export class SocketConnection {
  readonly #client: object;
  readonly #setup: ConnectionSetup;
  #tokens: readonly string[];
  /** The session that was loaded when the client connected, until somebody works with it. */
  #first: Promise<Opened> | null = null;
  /** Settles when `handleConnection` has been called: messages come after that. */
  #connecting: Promise<unknown> | null = null;
  /** Settles when the messages so far are being handled: they are begun in the order in which they came. */
  #turn: Promise<unknown> | null = null;
  /** Null until the client was seen with a session that is stored. */
  #known: { id: string; user: unknown; readonly watch: Watch } | null = null;
  /** `ending`: it is disconnected behind the next answer. `ended`: its messages are not handled any more. */
  #phase: 'open' | 'ending' | 'ended' = 'open';
  #isClosed = false;
  readonly #handlers = new Set<RunningHandler>();

  /** @param tokens of the session cookie, likeliest first */
  constructor(client: object, setup: ConnectionSetup, tokens: readonly string[]) {
    this.#client = client;
    this.#setup = setup;
    this.#tokens = tokens;
    connections.set(client, this);
  }

  /** Looks whether there is a session, and from then on for its end. To be called before anything is run. */
  open(): void {
    if (this.#tokens.length === 0) return;
    const first = this.#load();
    this.#first = first;
    this.#holdMessages(
      first.then(async (opened) => {
        if (this.#first === null) return;
        this.#first = null;
        await this.#finish(opened);
      }),
    );
  }

  /** The client has left. */
  close(): void {
    this.#isClosed = true;
    this.#known?.watch.stop();
    for (const handler of this.#handlers) handler.leave();
  }

  /** Whether code runs in a session of this client. */
  get isCurrent(): boolean {
    const host = sessionContext.getStore()?.host;
    return host instanceof SocketHost && host.connection === this && !host.ended;
  }

  // ---- what is run ---------------------------------------------------------------------------------------------

  /** Has a message handled in the session, as soon as that is loaded. */
  async message(handle: () => unknown): Promise<unknown> {
    if (this.#connecting !== null) await this.#connecting;
    if (this.#phase === 'ended') return;
    if (this.#tokens.length === 0) return this.#run(this.#make(), handle);
    const loading = this.#load();
    const before = this.#turn;
    const turn = before === null ? loading : before.then(() => loading);
    this.#turn = turn;
    const opened = await turn;
    if (this.#turn === turn) this.#turn = null;
    return this.#run(opened, handle);
  }

  /** Loads the session for what is no message of a gateway. Null where it has ended, and the client is being disconnected. */
  async lend(): Promise<Lent | null> {
    if (this.#phase === 'ended') return null;
    const opened = this.#tokens.length === 0 ? this.#make() : await this.#load();
    const isLast = this.#phase === 'ending';
    return {
      session: opened.session,
      unstored: (error) => this.#setup.unstored(error),
      giveBack: async () => {
        await this.#finish(opened);
        if (isLast) this.#disconnect(SESSION_ENDED);
      },
    };
  }

  /**
   * Calls `handleConnection` in the session, before any message is handled. What it throws refuses the connection.
   *
   * @param admit asks its guards before; null where it has none. Messages wait for them
   */
  connected(hook: () => unknown, admit: (() => Promise<void>) | null = null): void {
    const refuse = (error: unknown): void => {
      this.#setup.hookFailed(error);
      this.#disconnect(REFUSED);
    };
    const call = (opened: Opened): void => void this.#run(opened, hook).catch(refuse);
    const enter =
      admit === null
        ? call
        : (opened: Opened): Promise<void> => this.#admitted(opened, admit).then(() => call(opened), refuse);
    if (this.#tokens.length === 0 && admit === null) return call(this.#make());
    const loading = this.#tokens.length === 0 ? Promise.resolve(this.#make()) : (this.#first ?? this.#load());
    this.#first = null;
    this.#holdMessages(loading.then(enter));
  }

  async #admitted(opened: Opened, admit: () => Promise<void>): Promise<void> {
    try {
      await inContextOf(opened.session, admit);
    } catch (error) {
      await this.#finish(opened);
      throw error;
    }
  }

  /** Calls `handleDisconnect` in the session. */
  disconnected(hook: () => unknown): void {
    const call = (opened: Opened): Promise<unknown> => this.#run(opened, hook);
    const called = this.#tokens.length === 0 ? call(this.#make()) : this.#load().then(call);
    called.catch((error: unknown) => this.#setup.hookFailed(error));
  }

  #holdMessages(until: Promise<void>): void {
    const connecting = Promise.all([this.#connecting, until]).then(() => {
      if (this.#connecting === connecting) this.#connecting = null;
    });
    this.#connecting = connecting;
  }

  async #run(opened: Opened, call: () => unknown): Promise<unknown> {
    const answered = this.#phase === 'ending' ? () => this.#disconnect(SESSION_ENDED) : () => undefined;
    let answer: unknown;
    try {
      answer = await inContextOf(opened.session, call);
    } catch (error) {
      await this.#finish(opened);
      answered();
      throw error;
    }
    if (isObservable(answer)) return this.#listen(answer, opened, answered);
    await this.#finish(opened);
    answered();
    return answer;
  }

  #listen(answer: Observable<unknown>, opened: Opened, answered: () => void): Observable<unknown> {
    const through = (): void => {
      this.#handlers.delete(handler);
      answered();
      void this.#finish(opened);
    };
    const handler = new RunningHandler(
      answer,
      (call) => inContextOf(opened.session, call),
      through,
      answered,
    );
    this.#handlers.add(handler);
    if (this.#isClosed) handler.leave();
    return handler.answers;
  }

  /** Stores what is left, of guards and filters. From here on the facade names this session no more. */
  async #finish({ session, host }: Opened): Promise<void> {
    try {
      await session.commitDue();
    } catch (error) {
      this.#setup.unstored(error);
    }
    session.over();
    host.end();
  }

  // ---- which session it is -------------------------------------------------------------------------------------

  #make(): Opened {
    const host = this.#setup.host(this, this.#tokens, this.#known !== null);
    return { session: new RequestSession(host), host };
  }

  async #load(): Promise<Opened> {
    this.#followInProcess();
    const opened = this.#make();
    try {
      await opened.session.open(false);
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
      if (this.#known !== null && !host.degraded && this.#phase === 'open') this.#phase = 'ending';
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
      // Somebody has signed in by way of a session that this client knew before: it may be another one's client.
      this.#phase = 'ending';
      this.#tokens = [];
      return this.#make();
    }
    return opened;
  }

  #watch(place: Place, livesInCookie: boolean): Watch {
    const watch = this.#setup.watch(place, livesInCookie);
    watch.signal.addEventListener('abort', () => this.#disconnect(SESSION_ENDED), { once: true });
    watch.onMoved = () => setImmediate(() => void this.#lookAgain());
    if (this.#isClosed) watch.stop();
    return watch;
  }

  /** With its id the session may have got another user: a client that only listens has no message to find that out by. */
  async #lookAgain(): Promise<void> {
    const known = this.#known;
    if (this.#phase !== 'open' || known === null || known.watch.id === null || known.watch.id === known.id)
      return;
    const lent = await this.lend();
    await lent?.giveBack();
  }

  /** What is being answered goes out first. */
  #disconnect(reason: string): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    setImmediate(() => disconnect(this.#client, reason));
  }
}
