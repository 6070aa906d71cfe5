import { type DatabaseDriverOptions, databaseOptions } from '../../options/database.options.js';
import type { DriverContext } from '../driver-context.js';
import type { RecordDriver, SessionRecord, UserRecords } from '../driver.js';
import { removeInBatches } from './expired-rows.js';
import { findDataSource } from './find-data-source.js';
import { SessionDatabase } from './session-database.js';
import { idOf, narrowed, toRecord, toRow, type SessionRow } from './session-row.js';
import { isDuplicate, isOutOfRange } from './statement-failure.js';
import { toStoredId, toStoredText } from './stored-text.js';

/** How many rows of a user are read at a time. */
const PAGE_SIZE = 200;

/**
 * Keeps records in a table of the application's TypeORM data source: PostgreSQL, MySQL, MariaDB or SQLite
 * (better-sqlite3). A read is one statement, as is a write without conflicts, with no transaction around
 * either; if there are replicas, always on the master. The table comes from `SessionEntity` or
 * `CreateSessionsTable1700000000000`; the entity need not be in the data source.
 *
 * On SQLite with several processes on one file, set the data source's `enableWAL: true` and a short `timeout`:
 * for that long, waiting for another process blocks the event loop. The driver itself retries for about a
 * second.
 */
export class DatabaseDriver implements RecordDriver {
  readonly #options: DatabaseDriverOptions;
  readonly #context: DriverContext;
  #database: SessionDatabase | undefined;
  #closed = false;
  /** Whether a write has met a table that is too narrow for today's time. */
  #isNarrow = false;

  /** @throws SessionConfigError for an invalid option */
  constructor(options: DatabaseDriverOptions, context: DriverContext) {
    databaseOptions(options, 'database');
    this.#options = options;
    this.#context = context;
  }

  /** @throws SessionConfigError if there is no data source, or one of a kind that the driver does not know */
  async open(): Promise<void> {
    this.#closed = false;
    await this.#find();
  }

  /** Stops a collection that is under way. The data source stays open. */
  async close(): Promise<void> {
    this.#closed = true;
  }

  async read(id: string): Promise<SessionRecord | null> {
    const database = await this.#find();
    const rows = await database.ask('read', [toStoredId(id), this.#context.clock.now()]);
    return toRecord(rows[0]);
  }

  async write(id: string, record: SessionRecord): Promise<boolean> {
    // Converted before anything is awaited: the caller may change the record afterwards.
    const row = toRow(id, record);
    const { version } = record;
    const database = await this.#find();
    if (this.#isNarrow) return this.#store(database, narrowed(row), version);
    try {
      return await this.#store(database, row, version);
    } catch (error) {
      if (!isOutOfRange(error)) throw error;
      this.#isNarrow = true;
      return this.#store(database, narrowed(row), version);
    }
  }

  async #store(database: SessionDatabase, row: SessionRow, version: number): Promise<boolean> {
    const now = this.#context.clock.now();
    if (version === 1) return this.#insert(database, row, now);
    const [storedId, ...changes] = row;
    return (await database.change('update', [...changes, storedId, now, version - 1])) > 0;
  }

  async touch(id: string, expiresAt: number): Promise<boolean> {
    const database = await this.#find();
    const [storedId, now] = [toStoredId(id), this.#context.clock.now()];
    if ((await database.change('touch', [expiresAt, storedId, now])) > 0) return true;
    // With the connection flag -FOUND_ROWS MySQL counts only changed rows, not one that has this expiry
    // already.
    return database.dialect === 'mysql' && (await database.ask('read', [storedId, now])).length > 0;
  }

  async destroy(id: string): Promise<void> {
    const database = await this.#find();
    await database.change('destroy', [toStoredId(id)]);
  }

  async destroyVersion(id: string, version: number): Promise<boolean> {
    const database = await this.#find();
    const parameters = [toStoredId(id), this.#context.clock.now(), version];
    return (await database.change('destroyVersion', parameters)) > 0;
  }

  /** The cursor is the id of the last row, as stored in the column. */
  async listByUser(userId: string, cursor: string | null): Promise<UserRecords> {
    const database = await this.#find();
    const now = this.#context.clock.now();
    const rows = await database.ask('listByUser', [toStoredText(userId), now, cursor ?? '', PAGE_SIZE]);
    const records = rows.flatMap((row) => {
      const [id, record] = [idOf(row), toRecord(row)];
      // MySQL ignores trailing spaces when it compares.
      return id === null || record?.userId !== userId ? [] : [{ ...record, id }];
    });
    return { records, cursor: rows.length < PAGE_SIZE ? null : idOf(rows.at(-1)) };
  }

  /** Removes expired rows in batches, the longest expired first. */
  async collectGarbage(now: number, progressed?: () => void): Promise<number> {
    const database = await this.#find();
    return removeInBatches({
      removeBatch: (size) => database.change('collect', [now, size]),
      ...(database.dialect === 'sqlite' ? { finish: () => database.checkpoint() } : {}),
      progressed,
      isClosed: () => this.#closed,
    });
  }

  async #insert(database: SessionDatabase, row: SessionRow, now: number): Promise<boolean> {
    if (database.dialect !== 'mysql') {
      return (await database.change('insert', [...row, now])) > 0;
    }
    // ON DUPLICATE KEY UPDATE counts a row that it left alone like an inserted one (mysql2 counts found rows).
    // So a second statement is needed if there is a row, and a third if that row was not expired or has just
    // been removed.
    if (await insertWhereNone(database, row)) return true;
    const [storedId, ...changes] = row;
    const replaced = await database.change('replaceExpired', [...changes, storedId, now]);
    return replaced > 0 || insertWhereNone(database, row);
  }

  async #find(): Promise<SessionDatabase> {
    if (this.#database !== undefined) return this.#database;
    const { dataSource: given, table } = this.#options;
    const dataSource = await findDataSource(given, (token) => this.#context.resolve(token));
    this.#database ??= new SessionDatabase(dataSource, table, this.#context.storeTimeout);
    return this.#database;
  }
}

async function insertWhereNone(database: SessionDatabase, row: SessionRow): Promise<boolean> {
  try {
    return (await database.change('insert', row)) > 0;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}
