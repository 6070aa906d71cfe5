import { inContextOf } from '../session/session.context.js';
import type { RequestSession } from '../session/request-session.js';
import { NoSessionError } from '../session.errors.js';
import { SessionLimitError, SessionUnavailableException } from '../session.exception.js';
import type { SessionLease, SocketConnection } from '../sockets/socket-connection.js';

const ENDED =
  'The session of this GraphQL subscription (or of the operations on the same WebSocket) has ended, and the connection is being closed: ' +
  'no resolver is called any more. The client has to connect anew.';

/**
 * One execution over a WebSocket: a query, a mutation, the start of a subscription, or one event of it. Its resolvers share a
 * session, which is loaded when the first of them is called.
 *
 * Nobody tells when an execution is through: it is taken for that when none of its resolvers has run for a turn of the event
 * loop. Where one is called after that, it is an execution of its own, and loads the session anew.
 */
export class Operation {
  readonly #connection: SocketConnection;
  readonly #isVisit: boolean;
  readonly #over: () => void;
  #lease: Promise<SessionLease | null> | null = null;
  #running = 0;
  #failure: SessionUnavailableException | SessionLimitError | null = null;

  /**
   * @param isVisit whether its visitor has asked for it
   * @param over called when it is through
   */
  constructor(connection: SocketConnection, isVisit: boolean, over: () => void) {
    this.#connection = connection;
    this.#isVisit = isVisit;
    this.#over = over;
  }

  /**
   * Runs a resolver, with its guards, pipes and filters, and stores what it has written, also where it throws.
   *
   * @throws whatever it throws; NoSessionError where the session has ended before; SessionUnavailableException where what a
   * resolver of this execution had written could not be stored
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
      answer = await inContextOf(lease.session, resolve);
    } catch (error) {
      // The error of the resolver is what its client hears of.
      await this.#commit(lease);
      throw error;
    }
    await this.#commit(lease);
    if (this.#failure !== null) throw this.#failure;
    return answer;
  }

  /** A commit that fails fails the whole execution, as it does over HTTP: later ones would lose what this one held. */
  async #commit(lease: SessionLease): Promise<void> {
    if (this.#failure !== null) return;
    try {
      await lease.session.commitDue();
    } catch (error) {
      this.#failure ??= failed(lease.session, error);
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

function failed(session: RequestSession, error: unknown): SessionUnavailableException | SessionLimitError {
  // The session is as it was before, and goes on.
  if (error instanceof SessionLimitError) return error;
  session.abandon();
  return new SessionUnavailableException(error);
}
