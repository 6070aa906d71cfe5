import { inContextOf } from '../session/session.context.js';
import type { HostedSession } from '../session/hosted-session.js';
import { NoSessionError } from '../session.errors.js';
import { SessionLimitError, SessionUnavailableException } from '../session.exception.js';
import type { SessionLease, SocketConnection } from '../sockets/socket-connection.js';

const ENDED =
  'The session of this GraphQL subscription (or of the operations on the same WebSocket) has ended, and the connection is being closed: ' +
  'no resolver is called any more. The client has to connect anew.';

/**
 * One execution over a WebSocket: a query, a mutation, the start of a subscription, or one of its events. Its
 * resolvers share a session, which is loaded when the first of them is called.
 *
 * Nothing signals the end of an execution: it counts as done once none of its resolvers has run for a turn of
 * the event loop. A resolver called after that starts a new execution, and reloads the session.
 */
export class Operation {
  readonly #connection: SocketConnection;
  readonly #isVisit: boolean;
  readonly #over: () => void;
  #lease: Promise<SessionLease | null> | null = null;
  #running = 0;
  #failure: SessionUnavailableException | SessionLimitError | null = null;

  /**
   * @param isVisit whether the visitor caused the operation
   * @param over called when it is done
   */
  constructor(connection: SocketConnection, isVisit: boolean, over: () => void) {
    this.#connection = connection;
    this.#isVisit = isVisit;
    this.#over = over;
  }

  /**
   * Runs a resolver, with its guards, pipes and filters, and commits what it has written, even if it throws.
   *
   * @throws whatever the resolver throws; NoSessionError if the session had already ended;
   * SessionUnavailableException if changes of a resolver of this execution could not be stored
   */
  async run(resolve: () => unknown): Promise<unknown> {
    this.#running += 1;
    try {
      const lease = await (this.#lease ??= this.#connection.lease(this.#isVisit));
      if (lease === null) throw new NoSessionError(ENDED);
      return await this.#resolved(lease, resolve);
    } finally {
      this.#running -= 1;
      if (this.#running === 0) setImmediate(() => void this.#end());
    }
  }

  async #resolved(lease: SessionLease, resolve: () => unknown): Promise<unknown> {
    let answer: unknown;
    try {
      answer = await inContextOf(lease.hosted, resolve);
    } catch (error) {
      // The client gets the resolver's error.
      await this.#commit(lease);
      throw error;
    }
    await this.#commit(lease);
    if (this.#failure !== null) throw this.#failure;
    return answer;
  }

  /** A failed commit fails the whole execution, as over HTTP: later commits would lack this one's changes. */
  async #commit(lease: SessionLease): Promise<void> {
    if (this.#failure !== null) return;
    try {
      await lease.hosted.commitDue();
    } catch (error) {
      this.#failure ??= failed(lease.hosted, error);
      lease.unstored(error);
    }
  }

  async #end(): Promise<void> {
    if (this.#running > 0 || this.#lease === null) return;
    const lease = this.#lease;
    this.#lease = null;
    this.#over();
    await (await lease)?.release();
  }
}

function failed(hosted: HostedSession, error: unknown): SessionUnavailableException | SessionLimitError {
  // The session keeps its previous state and stays usable.
  if (error instanceof SessionLimitError) return error;
  hosted.abandon();
  return new SessionUnavailableException(error);
}
