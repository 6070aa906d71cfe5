import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource, QueryRunner } from 'typeorm';
import { SessionStoreError } from '../../session.errors.js';
import type { SessionTable } from './session-table.js';
import { describeFailure, isPassing } from './statement-failure.js';

/** The result of a statement. */
interface StatementResult {
  readonly rows: readonly unknown[];
  /** How many rows it inserted, updated (or found up to date) or deleted. */
  readonly affected: number;
}

/** How often a statement is sent again after another process interfered: waits of 4 to 512 ms, about a second. */
const MAX_RETRIES = 8;
const TRANSACTION_POLL_MS = 5;

/**
 * Sends single statements through the application's data source, each on a connection from its pool and in its
 * own transaction. Never opens or closes the data source.
 */
export class StatementRunner {
  readonly #dataSource: DataSource;
  readonly #timeout: number;

  /** @param timeout how long a request waits for a statement, in ms (the option `storeTimeout`) */
  constructor(dataSource: DataSource, timeout: number) {
    this.#dataSource = dataSource;
    this.#timeout = timeout;
  }

  /**
   * Runs one statement, and retries if another process interfered.
   *
   * @param table the table it uses, for messages
   * @param readsOnly whether it only reads, and so may see changes of a transaction that the application has not
   * ended yet
   * @throws SessionStoreError, SessionTooLargeError, or an Error with the client's `code`; never with a value
   * of the statement
   */
  async run(
    sql: string,
    parameters: readonly unknown[],
    table: SessionTable,
    readsOnly = false,
  ): Promise<StatementResult> {
    for (let retries = 0; ; retries++) {
      try {
        return await this.#once(sql, parameters, readsOnly);
      } catch (error) {
        if (!isPassing(error) || retries === MAX_RETRIES) throw describeFailure(error, parameters, table);
        // Processes that collided should not retry at the same moment.
        await sleep(2 ** (retries + 2) * (0.5 + Math.random() / 2));
      }
    }
  }

  async #once(sql: string, parameters: readonly unknown[], readsOnly: boolean): Promise<StatementResult> {
    const startedAt = performance.now();
    const runner = this.#dataSource.createQueryRunner('master');
    try {
      await runner.connect();
      if (!readsOnly) await this.#outsideTransaction(runner, startedAt);
      // The request has been answered by now: a write that waited too long for a connection must not be stored
      // late.
      if (performance.now() - startedAt > this.#timeout) {
        throw new Error(
          `No connection to the database was free within ${this.#timeout} ms; nothing was sent.`,
        );
      }
      const result = await runner.query(sql, [...parameters], true);
      return { rows: result.records, affected: result.affected ?? 0 };
    } finally {
      await runner.release();
    }
  }

  /**
   * Waits for the end of the application's transaction. SQLite data sources have one connection for everything,
   * so what is stored during a transaction of the application would vanish with its rollback.
   */
  async #outsideTransaction(runner: QueryRunner, startedAt: number): Promise<void> {
    // Shorter than the caller's own limit, so that the caller gets this reason.
    const patienceMs = Math.min(this.#timeout, 60_000) * 0.8;
    while (runner.isTransactionActive) {
      if (performance.now() - startedAt > patienceMs) {
        throw new SessionStoreError(
          'The session could not be stored: its SQLite connection has been in a transaction of the application all the ' +
            "time. End the transaction first, or give the sessions a data source of their own (option 'database.dataSource').",
        );
      }
      await sleep(TRANSACTION_POLL_MS);
    }
  }
}
