import type { DataSource } from 'typeorm';
import { SessionConfigError } from '../../session.errors.js';
import { propertyOf } from '../../state/property-of.js';

/** The SQL that a database takes; MariaDB takes that of MySQL. */
export type SqlDialect = 'sqlite' | 'postgres' | 'mysql';

const dialects: ReadonlyMap<string, SqlDialect> = new Map([
  ['better-sqlite3', 'sqlite'],
  ['postgres', 'postgres'],
  ['mysql', 'mysql'],
  ['mariadb', 'mysql'],
]);

/**
 * The SQL that a data source speaks.
 *
 * @param type the `type` of its options
 * @throws SessionConfigError for a database that the driver does not know
 */
export function dialectOf(type: string): SqlDialect {
  const dialect = dialects.get(type);
  if (dialect !== undefined) return dialect;
  throw new SessionConfigError(
    `The session driver "database" got a TypeORM data source of type "${type}"; ` +
      `it takes one of ${[...dialects.keys()].join(', ')}. Name another data source in the option 'database.dataSource'.`,
  );
}

/**
 * Checks that a connection can transport every character: MySQL silently replaces those that the connection's
 * character set lacks with question marks.
 *
 * @throws SessionConfigError for a MySQL or MariaDB data source whose `charset` is not utf8mb4
 */
export function assertCarriesAllText({ options }: Pick<DataSource, 'options'>): void {
  if (options.type !== 'mysql' && options.type !== 'mariadb') return;
  const charset = propertyOf(options.extra, 'charset') ?? options.charset;
  if (typeof charset !== 'string' || /^utf8mb4/i.test(charset)) return;
  throw new SessionConfigError(
    `The session driver "database" got a TypeORM data source with charset "${charset}", which has no place for every ` +
      `character: text in sessions would be lost. Set its charset to 'utf8mb4', or leave it out; or name another data ` +
      `source in the option 'database.dataSource'.`,
  );
}

/** The SQL that a data source speaks; undefined for a database that the driver does not know. */
export function knownDialect({ options }: Pick<DataSource, 'options'>): SqlDialect | undefined {
  return dialects.get(options.type);
}

/** An object of a data source in TypeORM 1; earlier versions name the property differently. */
interface OfDataSource {
  readonly dataSource: DataSource;
}

/** The data source that an entity or a query runner belongs to. */
export function dataSourceOf(owner: OfDataSource | { readonly connection: DataSource }): DataSource {
  return 'dataSource' in owner ? owner.dataSource : owner.connection;
}
