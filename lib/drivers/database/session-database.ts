import type { DataSource } from 'typeorm';
import { SessionStoreError } from '../../session.errors.js';
import { isObject } from '../../state/values.js';
import { writeSessionSql, type SessionSql } from './session-sql.js';
import { locateSessionTable, type SessionTable } from './session-table.js';
import { assertCarriesAllText, dialectOf, type SqlDialect } from './sql-dialect.js';
import { StatementRunner } from './statement-runner.js';

// PASSIVE does not wait for other connections: what they still read is left for the next checkpoint.
const checkpoint = 'PRAGMA wal_checkpoint(PASSIVE)';

/** The sessions table in one data source: its statements, and the runner for them. */
export class SessionDatabase {
  readonly dialect: SqlDialect;
  readonly #dataSource: DataSource;
  readonly #tableOption: string | undefined;
  readonly #runner: StatementRunner;
  #hasWriteAheadLog = true;
  #known: { readonly table: SessionTable; readonly sql: SessionSql } | undefined;

  /**
   * @param timeout how long a request waits for a statement, in ms
   * @throws SessionConfigError for a kind of database that the driver does not know, or that would lose characters
   */
  constructor(dataSource: DataSource, tableOption: string | undefined, timeout: number) {
    this.dialect = dialectOf(dataSource.options.type);
    assertCarriesAllText(dataSource);
    this.#dataSource = dataSource;
    this.#tableOption = tableOption;
    this.#runner = new StatementRunner(dataSource, timeout);
  }

  /** Runs a statement and returns the rows it finds. */
  async ask(statement: keyof SessionSql, parameters: readonly unknown[]): Promise<readonly unknown[]> {
    const { sql, table } = this.#prepare();
    return (await this.#runner.run(sql[statement], parameters, table, true)).rows;
  }

  /**
   * Runs a statement and returns how many rows it inserted, updated or deleted.
   *
   * @throws SessionTooLargeError if the database accepts no payload of that size
   */
  async change(statement: keyof SessionSql, parameters: readonly unknown[]): Promise<number> {
    const { sql, table } = this.#prepare();
    return (await this.#runner.run(sql[statement], parameters, table)).affected;
  }

  /**
   * On SQLite: copies what was written since the last checkpoint into the database file, so that this never
   * becomes a large task for a later write. Does nothing without a write-ahead log.
   */
  async checkpoint(): Promise<void> {
    if (!this.#hasWriteAheadLog) return;
    const { table } = this.#prepare();
    const [answer] = (await this.#runner.run(checkpoint, [], table)).rows;
    // SQLite's answer for a database in another journal mode.
    if (isObject(answer) && answer['log'] === -1) this.#hasWriteAheadLog = false;
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
