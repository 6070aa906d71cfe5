import type { DataSource } from 'typeorm';
import { type SessionDataSource, isDataSource } from '../../options/database.options.js';
import { SessionConfigError } from '../../session.errors.js';
import { loadNestTypeOrm, loadTypeOrm } from './load-typeorm.js';

/** Looks a provider up in the application; undefined where there is none. */
export type Resolve = (token: unknown) => unknown;

const defaultName = 'default';

/**
 * Finds the data source of the sessions.
 *
 * @param given a data source, the name of one that TypeOrmModule provides, or undefined for its default one
 * @throws SessionConfigError where there is none, or TypeORM is not installed
 */
export async function findDataSource(
  given: SessionDataSource | string | undefined,
  resolve: Resolve,
): Promise<DataSource> {
  if (typeof given === 'object' && isTypeOrms(given)) return given;
  const name = typeof given === 'string' ? given : defaultName;
  for (const token of await tokensOf(name)) {
    const found = resolve(token);
    if (isDataSource(found) && isTypeOrms(found)) return found;
  }
  throw new SessionConfigError(
    name === defaultName
      ? `The session driver "database" found no TypeORM DataSource in this application. Import TypeOrmModule.forRoot(...), ` +
          `or set the option 'database.dataSource' to a DataSource or to the name of one.`
      : `The session driver "database" found no TypeORM DataSource named '${name}' (option 'database.dataSource'). ` +
          `Name one as in TypeOrmModule.forRoot({ name: '${name}', ... }), or set the option to the DataSource itself.`,
  );
}

/** The option knows it by what the driver uses of it; it is all of TypeORM's class. */
const isTypeOrms = (value: SessionDataSource): value is DataSource => isDataSource(value);

/** The providers' tokens by which @nestjs/typeorm, or an application without it, provides a data source. */
async function tokensOf(name: string): Promise<unknown[]> {
  if (name !== defaultName) return [`${name}DataSource`, name];
  // With two copies of TypeORM installed, the one that @nestjs/typeorm sees need not be the one that is seen from here.
  const [nest, typeOrm] = await Promise.allSettled([loadNestTypeOrm(), loadTypeOrm()]);
  if (nest.status === 'rejected' && typeOrm.status === 'rejected') throw typeOrm.reason;
  return [
    ...(nest.status === 'fulfilled' ? [nest.value.getDataSourceToken()] : []),
    ...(typeOrm.status === 'fulfilled' ? [typeOrm.value.DataSource] : []),
  ];
}
