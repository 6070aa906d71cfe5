import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource, QueryResult, QueryRunner } from 'typeorm';
import { SessionStoreError } from '../../session.errors.js';
import { writeSessionSql, type SessionSql } from './session-sql.js';
import { locateSessionTable, type SessionTable } from './session-table.js';
import { assertCarriesAllText, dialectOf, type SqlDialect } from './sql-dialect.js';
import { describeFailure, isPassing } from './statement-failure.js';

/** How often a statement is sent again after another process interfered: waits of 4 to 512 ms, about a second. */
const MAX_RETRIES = 8;
const TRANSACTION_POLL_MS = 5;

/**
 * The sessions table in the application's data source. Sends single statements, each on a connection from its pool
 * and in its own transaction. Never opens or closes the data source.
 */
export class SessionDatabase {
  readonly dialect: SqlDialect;
  readonly #dataSource: DataSource;
  readonly #tableOption: string | undefined;
  readonly #timeout: number;
  #known: { readonly table: SessionTable; readonly sql: SessionSql } | undefined;

  /**
   * @param timeout how long a request waits for a statement, in ms (the option `storeTimeout`)
   * @throws SessionConfigError for a kind of database that the driver does not know, or that would lose characters
   */
  constructor(dataSource: DataSource, tableOption: string | undefined, timeout: number) {
    this.dialect = dialectOf(dataSource.options.type);
    assertCarriesAllText(dataSource);
    this.#dataSource = dataSource;
    this.#tableOption = tableOption;
    this.#timeout = timeout;
  }

  /**
   * Runs a statement that only reads, and returns the rows it finds. It may see changes of a transaction that the
   * application has not ended yet.
   */
  async ask(statement: keyof SessionSql, parameters: readonly unknown[]): Promise<readonly unknown[]> {
    return (await this.#run(statement, parameters, true)).records;
  }

  /**
   * Runs a statement and returns how many rows it inserted, updated (or found up to date) or deleted.
   *
   * @throws SessionTooLargeError if the database accepts no payload of that size
   */
  async change(statement: keyof SessionSql, parameters: readonly unknown[]): Promise<number> {
    return (await this.#run(statement, parameters)).affected ?? 0;
  }

  /**
   * On SQLite: copies what was written since the last checkpoint into the database file, so that this never
   * becomes a large task for a later write. SQLite does nothing without a write-ahead log.
   */
  async checkpoint(): Promise<void> {
    await this.#run('checkpoint', []);
  }

  /**
   * Runs one statement, and retries if another process interfered.
   *
   * @throws SessionStoreError, SessionTooLargeError, or an Error with the client's `code`; never with a value
   * of the statement
   */
  async #run(
    statement: keyof SessionSql,
    parameters: readonly unknown[],
    readsOnly = false,
  ): Promise<QueryResult> {
    const { sql, table } = this.#prepare();
    for (let retries = 0; ; retries++) {
      try {
        return await this.#once(sql[statement], parameters, readsOnly);
      } catch (error) {
        if (!isPassing(error) || retries === MAX_RETRIES) throw describeFailure(error, parameters, table);
        // Processes that collided should not retry at the same moment.
        await sleep(2 ** (retries + 2) * (0.5 + Math.random() / 2));
      }
    }
  }

  async #once(sql: string, parameters: readonly unknown[], readsOnly: boolean): Promise<QueryResult> {
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
      return await runner.query(sql, [...parameters], true);
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

  /** Prepares what depends on the data source's entities, which are known once it is initialized. */
  #prepare(): { readonly table: SessionTable; readonly sql: SessionSql } {
    if (!this.#dataSource.isInitialized) {
      throw new SessionStoreError(
        'The TypeORM data source of the session driver "database" is not initialized (or was destroyed). ' +
          'It belongs to the application: call dataSource.initialize() before sessions are used.',
      );
    }
    if (this.#known === undefined) {
      const table = locateSessionTable(this.#dataSource, this.#tableOption);
      this.#known = { table, sql: writeSessionSql(table, this.#dataSource) };
    }
    return this.#known;
  }
}
