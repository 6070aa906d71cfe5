import type { MigrationInterface, QueryRunner } from 'typeorm';
import { LARGEST_INTEGER, defaultTable } from './session-columns.js';
import { locateSessionTable, quotedPath } from './session-table.js';
import { dataSourceOf, dialectOf } from './sql-dialect.js';

/**
 * The TypeORM migration that gives the column `last_activity` 64 bits, in a table that version 0.1.0 created on
 * PostgreSQL, MySQL or MariaDB: 32 bits end in January 2038. Does nothing to a table that has them, nor on SQLite,
 * whose integers have 64 bits. Sessions keep working without it until then, and longer with less precise times.
 *
 * For another table name, extend the class under a name of your own, with a later timestamp than that of the
 * migration that creates the table.
 *
 * @example
 * import { CreateSessionsTable1700000000000, WidenLastActivity1700000000001 } from 'nestjs-session-kit/typeorm';
 *
 * new DataSource({ ..., migrations: [CreateSessionsTable1700000000000, WidenLastActivity1700000000001] });
 *
 * export class WidenAppSessions1770000000000 extends WidenLastActivity1700000000001 {
 *   override readonly table = 'app_sessions';
 * }
 */
export class WidenLastActivity1700000000001 implements MigrationInterface {
  /** The table, `table` or `schema.table`; as the option `database.table`. */
  readonly table: string = defaultTable;

  /**
   * The name by which TypeORM remembers that the migration ran: the class name, also in a bundle that shortens
   * names.
   */
  get name(): string {
    return this.constructor === WidenLastActivity1700000000001
      ? 'WidenLastActivity1700000000001'
      : this.constructor.name;
  }

  /**
   * Widens the column. The server locks the table while it copies it.
   */
  async up(queryRunner: QueryRunner): Promise<void> {
    const { dialect, table, column } = this.#locate(queryRunner);
    if (dialect === 'postgres') {
      await queryRunner.query(
        `ALTER TABLE ${table} ALTER COLUMN ${column} TYPE bigint, ALTER COLUMN ${column} SET DEFAULT 0`,
      );
    }
    if (dialect === 'mysql')
      await queryRunner.query(`ALTER TABLE ${table} MODIFY ${column} bigint NOT NULL DEFAULT 0`);
  }

  /**
   * Makes the column as narrow as it was. Times after January 2038 become the latest that fits.
   */
  async down(queryRunner: QueryRunner): Promise<void> {
    const { dialect, table, column } = this.#locate(queryRunner);
    if (dialect === 'sqlite') return;
    await queryRunner.query(
      `UPDATE ${table} SET ${column} = ${LARGEST_INTEGER} WHERE ${column} > ${LARGEST_INTEGER}`,
    );
    await queryRunner.query(
      dialect === 'postgres'
        ? `ALTER TABLE ${table} ALTER COLUMN ${column} TYPE integer, ALTER COLUMN ${column} DROP DEFAULT`
        : `ALTER TABLE ${table} MODIFY ${column} int NOT NULL`,
    );
  }

  #locate(queryRunner: QueryRunner) {
    const dataSource = dataSourceOf(queryRunner);
    const { path, columnOf } = locateSessionTable(dataSource, this.table);
    return {
      dialect: dialectOf(dataSource.options.type),
      table: quotedPath(path, dataSource),
      column: dataSource.driver.escape(columnOf('lastActivity')),
    };
  }
}
