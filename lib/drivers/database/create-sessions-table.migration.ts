import { type MigrationInterface, type QueryRunner, Table, type TableColumnOptions } from 'typeorm';
import { adaptationOf, sessionColumns, sessionProperties, defaultTable } from './session-columns.js';
import { locateSessionTable } from './session-table.js';
import { dataSourceOf } from './sql-dialect.js';

/**
 * The TypeORM migration that creates the table of the driver `database` with its indexes. The table is the same
 * as that of `SessionEntity` with `synchronize`, so both may be used together. Does nothing if the table
 * exists.
 *
 * For another table name, extend the class under a name of your own that ends in a timestamp, as all migrations
 * have it.
 *
 * @example
 * import { CreateSessionsTable1700000000000 } from 'nestjs-session-kit/typeorm';
 *
 * new DataSource({ ..., migrations: [CreateSessionsTable1700000000000], migrationsRun: true });
 *
 * export class CreateAppSessions1760000000000 extends CreateSessionsTable1700000000000 {
 *   override readonly table = 'app_sessions';
 * }
 */
export class CreateSessionsTable1700000000000 implements MigrationInterface {
  /** The table, `table` or `schema.table`; as the option `database.table`. */
  readonly table: string = defaultTable;

  /**
   * The name by which TypeORM remembers that the migration ran: the class name, also in a bundle that shortens
   * names.
   */
  get name(): string {
    return this.constructor === CreateSessionsTable1700000000000
      ? 'CreateSessionsTable1700000000000'
      : this.constructor.name;
  }

  /** Creates the table and its indexes. */
  async up(queryRunner: QueryRunner): Promise<void> {
    const dataSource = dataSourceOf(queryRunner);
    const { path, columnOf } = locateSessionTable(dataSource, this.table);
    const columns = sessionProperties.map((property): TableColumnOptions => {
      const adapted = adaptationOf(property, dataSource);
      const {
        type,
        length,
        nullable,
        primary,
        default: initial,
      } = { ...sessionColumns[property], ...adapted };
      return {
        name: columnOf(property),
        type: dataSource.driver.normalizeType({ type }),
        isNullable: nullable ?? false,
        isPrimary: primary ?? false,
        ...(initial === undefined ? {} : { default: String(initial) }),
        ...(length === undefined ? {} : { length: String(length) }),
        ...(adapted.charset === undefined ? {} : { charset: adapted.charset }),
        ...(adapted.collation === undefined ? {} : { collation: adapted.collation }),
      };
    });
    // Unnamed: TypeORM gives them the names of the entity's indexes.
    const indices = sessionProperties
      .filter((property) => sessionColumns[property].indexed)
      .map((property) => ({ columnNames: [columnOf(property)] }));
    await queryRunner.createTable(new Table({ name: path, columns, indices }), true);
  }

  /** Removes the table and every session in it. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable(locateSessionTable(dataSourceOf(queryRunner), this.table).path, true);
  }
}
