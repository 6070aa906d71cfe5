import type { DataSource } from 'typeorm';
import { SessionConfigError } from '../../session.errors.js';

/** The kinds of SQL that the driver speaks. */
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

/** An identifier, or several joined by dots (`schema.table`), in the quotes of the dialect. */
export function quoteIdentifier(path: string, dialect: SqlDialect): string {
  const quote = dialect === 'mysql' ? '`' : '"';
  return path
    .split('.')
    .map((part) => quote + part.replaceAll(quote, quote + quote) + quote)
    .join('.');
}

/** Whether a data source is MySQL or MariaDB, by the type in its options. */
export function isMySqlFamily(dataSource: Pick<DataSource, 'options'>): boolean {
  return dialects.get(dataSource.options.type) === 'mysql';
}
