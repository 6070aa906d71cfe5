import { hasFunctions } from './read-option.js';
import { is, text } from './checks.js';
import { type Table, group } from './read-table.js';
import { isObject } from '../state/values.js';

/**
 * The part of a TypeORM `DataSource` that the driver uses, because an application without TypeORM does not have
 * its types. A `DataSource` of TypeORM 1 satisfies it.
 *
 * @example
 * const dataSource: SessionDataSource = new DataSource({ type: 'postgres', url });
 * const database: DatabaseDriverOptions = { dataSource };
 */
export interface SessionDataSource {
  /** Whether it is connected. */
  readonly isInitialized: boolean;
  /** Its options; `type` names the kind of database. */
  readonly options: { readonly type: string };
  /** Takes a connection from the pool. */
  createQueryRunner(mode?: 'master' | 'slave'): object;
}

/**
 * The option `database`.
 *
 * @example
 * database: { dataSource: 'sessions', table: 'web.sessions' }
 */
export interface DatabaseDriverOptions {
  /**
   * The TypeORM `DataSource` to keep sessions in, or the name under which TypeOrmModule (`name: 'sessions'`) provides
   * it. Default: the one that TypeOrmModule provides without a name. The application owns it: the driver never
   * initializes or destroys it.
   */
  readonly dataSource?: SessionDataSource | string;
  /**
   * The table, `table` or `schema.table`. Default: `sessions`, or the table of the one entity that extends
   * SessionEntity. The data source's `entityPrefix` and `schema` apply as they do to entities. Without an entity of
   * that name, `schema.table` is taken as it is, without the prefix.
   */
  readonly table?: string;
}

/** Recognized by its methods, not by its class: an application may have more than one copy of TypeORM. */
export function isDataSource(value: unknown): value is SessionDataSource {
  return (
    isObject(value) &&
    hasFunctions(value, 'createQueryRunner') &&
    'isInitialized' in value &&
    'options' in value
  );
}

const name = /^[^"`'\\.\p{Cc}]{1,63}(\.[^"`'\\.\p{Cc}]{1,63})*$/u;

export const databaseOptions = group({
  dataSource: {
    check: is(
      'a DataSource of TypeORM, or the name of one that TypeOrmModule provides',
      (value): value is SessionDataSource | string => typeof value === 'string' || isDataSource(value),
    ),
  },
  table: {
    check: text('the name of a table, or schema.table: up to 63 characters each, without quotes', name),
  },
} satisfies Table & Record<keyof DatabaseDriverOptions, unknown>);
