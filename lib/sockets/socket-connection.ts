import { type Observable, isObservable } from 'rxjs';
import { inContextOf, sessionContext } from '../session/session.context.js';
import type { HostedSession } from '../session/hosted-session.js';
import { ClientSession, type ConnectionSetup, type MessageSession } from './client-session.js';
import { closeClient } from './close-client.js';
import { LastAnswer } from './last-answer.js';
import { type RunningHandler, runToEnd } from './running-handler.js';
import { SocketHost } from './socket-host.js';

/** A session that several calls share, and that ends when they are done. */
export interface SessionLease {
  readonly hosted: HostedSession;
  /** Reports that changes could not be stored. */
  unstored(error: unknown): void;
  /** Commits remaining changes and ends the lease. */
  release(): Promise<void>;
}

const SESSION_ENDED = 'The session has ended.';
const REFUSED = 'The connection was refused.';

/** The connections of all clients in this process. */
const connections = new WeakMap<object, SocketConnection>();

/** The connection of a client; undefined if its application has no sessions, and on an excluded path. */
export function connectionOf(client: unknown): SocketConnection | undefined {
  return typeof client === 'object' && client !== null ? connections.get(client) : undefined;
}

/**
 * A connected client: runs its messages and hooks, starting them in order, and disconnects it. ClientSession
 * decides which session each of them runs in.
 */
export class SocketConnection {
  readonly #client: object;
  readonly #setup: ConnectionSetup;
  readonly #session: ClientSession;
  /** The session loaded when the client connected, until it is used. */
  #first: Promise<MessageSession> | null = null;
  /** Settles once `handleConnection` was called: messages wait for it. */
  #connecting: Promise<unknown> | null = null;
  /** Settles once the handlers of all messages so far have started: all calls start in the order of what they handle. */
  #turn: Promise<unknown> | null = null;
  /** Whether the client is being disconnected: its messages are no longer handled. */
  #isEnded = false;
  #isClosed = false;
  readonly #handlers = new Set<RunningHandler>();
  readonly #lastAnswer = new LastAnswer(() => this.#disconnect(SESSION_ENDED));

  /** @param tokens the tokens of the session cookie, likeliest first */
  constructor(client: object, setup: ConnectionSetup, tokens: readonly string[]) {
    this.#client = client;
    this.#setup = setup;
    this.#session = new ClientSession(this, setup, tokens, {
      ended: () => this.#lastAnswer.sessionEnded(),
      moved: () => setImmediate(() => void this.#lookAgain()),
    });
    connections.set(client, this);
  }

  /** Loads the session, if any, and watches for its end from then on. Call it before anything else runs. */
  open(): void {
    if (!this.#session.mayExist) return;
    const first = this.#loadUnvisited();
    this.#first = first;
    this.#holdMessages(
      first.then(async (opened) => {
        if (this.#first === null) return;
        this.#first = null;
        await this.#finish(opened);
      }),
    );
  }

  /** The client has disconnected. */
  close(): void {
    this.#isClosed = true;
    this.#session.forget();
    for (const handler of this.#handlers) handler.leave();
  }

  /** Whether the calling code runs in a session of this client. */
  get isCurrent(): boolean {
    const host = sessionContext.getStore()?.host;
    return host instanceof SocketHost && host.connection === this && !host.isOver;
  }

  get #isEnding(): boolean {
    return this.#isEnded || this.#lastAnswer.isDue;
  }

  // ---- messages and hooks --------------------------------------------------------------------------------------

  /** Handles a message in the session, once it is loaded. */
  async message(handle: () => unknown): Promise<unknown> {
    if (this.#connecting !== null) await this.#connecting;
    if (this.#isEnding) return;
    if (!this.#session.mayExist) return this.#run(this.#session.make(), handle);
    const opened = await this.#inTurn(this.#session.load());
    // The session may have ended meanwhile.
    return this.#isEnding ? this.#finish(opened) : this.#run(opened, handle);
  }

  /**
   * Loads the session for something other than a gateway's message.
   *
   * @param isVisit whether the visitor caused it, rather than the client or the server by itself
   * @returns null if the session has ended and the client is being disconnected
   */
  async lease(isVisit: boolean): Promise<SessionLease | null> {
    if (this.#isEnding) return null;
    const opened = !this.#session.mayExist ? this.#session.make() : await this.#session.load();
    if (this.#isEnding) return this.#finish(opened).then(() => null);
    // An operation may last as long as its client stays.
    this.#setup.running.end(opened.host);
    if (!isVisit) opened.hosted.bePassive();
    const answered = this.#lastAnswer.begun(opened.host, this.#session.isOver);
    return {
      hosted: opened.hosted,
      unstored: (error) => this.#setup.unstored(error),
      release: async () => {
        await this.#finish(opened);
        answered();
      },
    };
  }

  /**
   * Calls `handleConnection` in the session, before any message is handled. If it throws, the connection is
   * refused.
   *
   * @param admit runs its guards first; null if it has none. Messages wait for them
   */
  connected(hook: () => unknown, admit: (() => Promise<void>) | null = null): void {
    const refuse = (error: unknown): void => this.#refuse(error);
    const call = (opened: MessageSession): void => void this.#run(opened, hook).catch(refuse);
    const enter =
      admit === null
        ? call
        : (opened: MessageSession): Promise<void> =>
            this.#admitted(opened, admit).then(() => call(opened), refuse);
    if (!this.#session.mayExist && admit === null) return call(this.#session.make());
    const loading = !this.#session.mayExist
      ? Promise.resolve(this.#session.make())
      : (this.#first ?? this.#loadUnvisited());
    this.#first = null;
    this.#holdMessages(loading.then(enter));
  }

  /** Loads the session without counting a visit: a client that loses its connection and reconnects is no visit. */
  async #loadUnvisited(): Promise<MessageSession> {
    const opened = await this.#session.load();
    opened.hosted.bePassive();
    return opened;
  }

  async #admitted(opened: MessageSession, admit: () => Promise<void>): Promise<void> {
    try {
      await inContextOf(opened.hosted, admit);
    } catch (error) {
      await this.#finish(opened);
      throw error;
    }
  }

  /** Calls `handleDisconnect` in the session, after whatever came before has started. */
  disconnected(hook: () => unknown): void {
    this.#callLast(hook).catch((error: unknown) => this.#setup.hookFailed(error));
  }

  async #callLast(hook: () => unknown): Promise<unknown> {
    const loading = this.#session.mayExist ? this.#loadUnvisited() : null;
    if (this.#connecting !== null) await this.#connecting;
    if (loading === null) return this.#run(this.#session.make(), hook);
    const opened = await this.#inTurn(loading);
    // Guards and pipes that wait for nothing else take some steps to get to their handler.
    await new Promise(setImmediate);
    return this.#run(opened, hook);
  }

  /** Resolves with a loaded session once the calls that came before have theirs, and so have started. */
  async #inTurn(loading: Promise<MessageSession>): Promise<MessageSession> {
    const before = this.#turn;
    const turn = before === null ? loading : before.then(() => loading);
    this.#turn = turn;
    const opened = await turn;
    if (this.#turn === turn) this.#turn = null;
    return opened;
  }

  #holdMessages(until: Promise<void>): void {
    const connecting = Promise.all([this.#connecting, until]).then(() => {
      if (this.#connecting === connecting) this.#connecting = null;
    });
    this.#connecting = connecting;
  }

  #refuse(error: unknown): void {
    this.#setup.hookFailed(error);
    this.#disconnect(REFUSED);
  }

  async #run(opened: MessageSession, call: () => unknown): Promise<unknown> {
    const answered = this.#lastAnswer.begun(opened.host, this.#session.isOver);
    let answer: unknown;
    try {
      answer = await inContextOf(opened.hosted, call);
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

  #listen(answer: Observable<unknown>, opened: MessageSession, answered: () => void): Observable<unknown> {
    const through = (): void => {
      this.#handlers.delete(handler);
      answered();
      void this.#finish(opened);
    };
    const inContext = (call: () => void): void => inContextOf(opened.hosted, call);
    const handler = runToEnd(answer, inContext, through, answered);
    this.#handlers.add(handler);
    if (this.#isClosed) handler.leave();
    return handler.answers;
  }

  /** Commits what guards and filters have written. From then on the facade no longer finds this session. */
  async #finish({ hosted, host }: MessageSession): Promise<void> {
    try {
      await hosted.commitDue();
    } catch (error) {
      this.#setup.unstored(error);
    }
    hosted.hostOver();
    host.end();
    this.#setup.running.end(host);
  }

  /**
   * The session may have got another user together with its new id. A client that only listens has no message
   * that would find out.
   */
  async #lookAgain(): Promise<void> {
    if (this.#isEnded || !this.#session.hasMoved) return;
    const lease = await this.lease(false);
    await lease?.release();
  }

  /** Disconnects after pending answers are sent. */
  #disconnect(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    setImmediate(() => closeClient(this.#client, reason));
  }
}
