import type { DataSource } from 'typeorm';
import { type SessionDataSource, isDataSource } from '../../options/database.options.js';
import { SessionConfigError } from '../../session.errors.js';
import type { DriverContext } from '../driver-context.js';

const defaultName = 'default';

/**
 * Finds the data source of the sessions.
 *
 * @param given a data source, the name of one that TypeOrmModule provides, or undefined for its default one
 * @throws SessionConfigError if there is none, or TypeORM is not installed
 */
export async function findDataSource(
  given: SessionDataSource | string | undefined,
  resolve: DriverContext['resolve'],
): Promise<DataSource> {
  if (isTypeOrms(given)) return given;
  const name = typeof given === 'string' ? given : defaultName;
  for (const token of await tokensOf(name)) {
    const found = resolve(token);
    if (isTypeOrms(found)) return found;
  }
  throw new SessionConfigError(
    name === defaultName
      ? `The session driver "database" found no TypeORM DataSource in this application. Import TypeOrmModule.forRoot(...), ` +
          `or set the option 'database.dataSource' to a DataSource or to the name of one.`
      : `The session driver "database" found no TypeORM DataSource named '${name}' (option 'database.dataSource'). ` +
          `Name one as in TypeOrmModule.forRoot({ name: '${name}', ... }), or set the option to the DataSource itself.`,
  );
}

/** The option's type covers only what the driver uses; the value is a complete TypeORM DataSource. */
const isTypeOrms = (value: unknown): value is DataSource => isDataSource(value);

/** The tokens under which @nestjs/typeorm, or an application without it, provides a data source. */
async function tokensOf(name: string): Promise<unknown[]> {
  if (name !== defaultName) return [`${name}DataSource`, name];
  const tokens: unknown[] = [];
  let missing: unknown;
  // Each import has its own try block, so that bundlers tolerate a package that is not installed. With two
  // copies of TypeORM installed, @nestjs/typeorm may see another one than this module.
  try {
    tokens.push((await import('@nestjs/typeorm')).getDataSourceToken());
  } catch (error) {
    missing = error;
  }
  try {
    tokens.push((await import('typeorm')).DataSource);
  } catch (error) {
    missing = error;
  }
  if (tokens.length > 0) return tokens;
  throw new SessionConfigError(
    'The session driver "database" needs TypeORM, which cannot be loaded. Install typeorm, @nestjs/typeorm and the ' +
      'client of your database (pg, mysql2 or better-sqlite3).',
    { cause: missing },
  );
}
