import { sessionContext } from '../session/session.context.js';
import { SocketHost } from './socket-host.js';

/** How long a call that has ended its own session may take to answer. */
const PATIENCE_MS = 5_000;

/**
 * Lets a call that has ended the session of its client (`destroy`, `SessionManager.endAll`) answer before the
 * client is disconnected.
 */
export class LastAnswer {
  readonly #disconnect: () => void;
  readonly #unanswered = new Set<SocketHost>();
  #endedBy: SocketHost | null = null;

  /** @param disconnect called when there is nothing more to answer */
  constructor(disconnect: () => void) {
    this.#disconnect = disconnect;
  }

  /** Whether the last answer is still due: nothing more is handled. */
  get isDue(): boolean {
    return this.#endedBy !== null;
  }

  /**
   * A call begins.
   *
   * @param isLast whether its session had already ended
   * @returns to be called when its answer is on the way
   */
  begun(host: SocketHost, isLast: boolean): () => void {
    this.#unanswered.add(host);
    return () => {
      this.#unanswered.delete(host);
      if (isLast || this.#endedBy === host) this.#disconnect();
    };
  }

  /** The session has ended, by the code that calls this or elsewhere. */
  sessionEnded(): void {
    const host = sessionContext.getStore()?.host;
    if (!(host instanceof SocketHost && this.#unanswered.has(host))) return this.#disconnect();
    this.#endedBy = host;
    setTimeout(this.#disconnect, PATIENCE_MS).unref();
  }
}
