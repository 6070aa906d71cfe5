import { type Clock, systemClock } from '../clock.js';
import { SessionError, SessionStoreError } from '../../session.errors.js';
import type { DriverLifecycle } from '../driver.js';
import { CallTimeoutError, CircuitBreaker, CircuitOpenError } from './circuit-breaker.js';
import { failureReason, troubleOf } from './failure-reason.js';
import { RunningCalls } from '../running-calls.js';
import type { SessionLog } from '../session-log.js';
import { StoreHealth, type StoreUse } from './store-health.js';

const WHAT_TO_LOOK_AT = 'Is it running, and are its options right?';

/** What a guard uses of a driver besides its calls. */
export type GuardedStore = Pick<DriverLifecycle, 'serverOf' | 'stalled'>;

interface StoreGuardOptions {
  /** The name of the driver, for messages. */
  readonly name: string;
  /** How long a call may hold a request, in ms; Infinity for no limit. */
  readonly timeout: number;
  readonly log: SessionLog;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

/**
 * Applies the same rules to all calls on one store, whatever its driver: each call ends within the time limit,
 * none is made while the store has stopped answering, every failure becomes a SessionStoreError, and the log
 * says why, once.
 */
export class StoreGuard {
  /** The name of the driver, for messages. */
  readonly name: string;
  readonly #timeout: number;
  readonly #health: StoreHealth;
  /** Two for each server, by its name: a store may hang for writes alone. */
  readonly #reading = new Map<string, CircuitBreaker>();
  readonly #writing = new Map<string, CircuitBreaker>();
  readonly #running = new RunningCalls();

  constructor({ name, timeout, log, clock = systemClock }: StoreGuardOptions) {
    this.name = name;
    this.#timeout = timeout;
    this.#health = new StoreHealth(name, log, clock);
  }

  /**
   * Makes a call on the record of an id.
   *
   * @param judge converts the answer; throws if it is invalid
   * @param always makes the call even if the store has stopped answering: for checks of the store. It counts
   * like any other
   * @throws SessionStoreError if the store fails, does not answer in time, or has stopped answering; also any
   * other error of this package from the driver, which is about the session and not about the store
   */
  async run<T>(
    use: StoreUse,
    id: string,
    store: GuardedStore,
    call: () => Promise<T>,
    judge: (answer: T) => T = asItIs,
    always = false,
  ): Promise<T> {
    const { failures, recoveries } = this.#health;
    const running = {};
    this.#running.begin(running);
    try {
      const result = judge(await this.#circuitOf(use, store, id).run(call, store, always));
      this.#health.succeeded(use, id, failures);
      return result;
    } catch (error) {
      if (error instanceof CircuitOpenError) {
        // The store was not asked, so this says nothing new about it.
        throw silent(
          `The session store "${this.name}" has stopped answering. Requests are refused at once until it answers again.`,
        );
      }
      if (error instanceof SessionError && !(error instanceof SessionStoreError)) throw error;
      const { failure, said } = this.#describe(error);
      this.#health.failed(use, id, said, troubleOf(error), recoveries);
      throw failure;
    } finally {
      this.#running.end(running);
    }
  }

  /** Waits for the calls under way, so that closing the store does not make them fail. */
  callsEnded(): Promise<void> {
    return this.#running.allEnded(this.#timeout);
  }

  #circuitOf(use: StoreUse, store: GuardedStore, id: string): CircuitBreaker {
    const server = store.serverOf?.(id) ?? '';
    const circuits = use === 'reading' ? this.#reading : this.#writing;
    const known = circuits.get(server);
    if (known !== undefined) return known;
    const circuit = new CircuitBreaker(this.#timeout);
    circuits.set(server, circuit);
    return circuit;
  }

  /** The error for the caller, who may look at its cause, and the log line, which contains no secrets. */
  #describe(error: unknown): { readonly failure: SessionStoreError; readonly said: string } {
    if (error instanceof CallTimeoutError) {
      const limit = error.probed ? '' : " (option 'storeTimeout')";
      const failure = silent(
        `The session store "${this.name}" did not answer within ${error.limitMs} ms${limit}.`,
      );
      return { failure, said: failure.message };
    }
    if (error instanceof SessionStoreError)
      return { failure: error, said: error.message + inBrackets(failureReason(error.cause)) };
    const failed = (why: string): string =>
      `The session store "${this.name}" failed${why}. ${WHAT_TO_LOOK_AT}`;
    return {
      failure: new SessionStoreError(failed(': see cause'), { cause: error }),
      said: failed(inBrackets(failureReason(error))),
    };
  }
}

/** The errors of calls that the store did not answer, or that were not made because it does not answer. */
const unanswered = new WeakSet<SessionStoreError>();

function silent(message: string): SessionStoreError {
  const failure = new SessionStoreError(message);
  unanswered.add(failure);
  return failure;
}

/** Whether a call failed because the store does not answer: another one would only take as long. */
export function isUnanswered(error: SessionStoreError): boolean {
  return unanswered.has(error);
}

function asItIs<T>(answer: T): T {
  return answer;
}

function inBrackets(reason: string): string {
  return reason === '' ? '' : ` (${reason})`;
}
