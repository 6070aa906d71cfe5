import type { DataSource, EntityMetadata } from 'typeorm';
import { defaultTable, sessionColumns, sessionEntityBrand, type SessionProperty } from './session-columns.js';

/** Where the sessions are: unquoted names, as the database knows them. */
export interface SessionTable {
  /** `table` or `schema.table`. */
  readonly path: string;
  /** The name of the column that keeps a property. */
  readonly columnOf: (property: SessionProperty) => string;
}

/**
 * Finds the sessions table in an initialized data source: that of an entity that is or extends SessionEntity,
 * if one matches; otherwise the name that TypeORM would give it (with the data source's `entityPrefix`,
 * `schema` and naming strategy; `schema.table` is taken as it is).
 *
 * @param table the option `table`; if omitted, the only session entity of the data source, or `sessions`
 */
export function locateSessionTable(dataSource: DataSource, table: string | undefined): SessionTable {
  const entities = dataSource.entityMetadatas.filter(isSessionEntity);
  const wanted = table ?? defaultTable;
  const entity =
    entities.find((each) => namesOf(each, dataSource).includes(wanted)) ??
    entities.find((each) => namesInSchema(each).includes(wanted)) ??
    (table === undefined && entities.length === 1 ? entities[0] : undefined);
  return entity === undefined ? nameSessionTable(dataSource, wanted) : tableOfEntity(entity);
}

/** The names by which the option `table` may refer to an entity: with and without prefix, with and without schema. */
function namesOf(entity: EntityMetadata, { driver }: DataSource): readonly (string | undefined)[] {
  const { givenTableName: given, tableName, tablePath, schema, database } = entity;
  const path = given === undefined ? undefined : driver.buildTableName(given, schema, database);
  return [given, tableName, path, tablePath];
}

/** The names of an entity in its schema, which counts as a name too where TypeORM ignores it (MySQL, SQLite). */
function namesInSchema({ givenTableName: given, tableName, schema }: EntityMetadata): readonly string[] {
  return schema === undefined ? [] : [`${schema}.${given ?? tableName}`, `${schema}.${tableName}`];
}

/** The names that TypeORM would give a sessions table and its columns if there were an entity. */
function nameSessionTable(dataSource: DataSource, table: string): SessionTable {
  const { namingStrategy, options, driver } = dataSource;
  const own = namingStrategy.tableName('SessionEntity', table);
  const prefixed =
    options.entityPrefix === undefined || options.entityPrefix === ''
      ? own
      : namingStrategy.prefixTableName(options.entityPrefix, own);
  const schema = 'schema' in options && typeof options.schema === 'string' ? options.schema : undefined;
  return {
    path: table.includes('.') ? table : driver.buildTableName(prefixed, schema),
    columnOf: (property) => namingStrategy.columnName(property, sessionColumns[property].name, []),
  };
}

/** A path as it stands in a statement. */
export function quotedPath(path: string, { driver }: Pick<DataSource, 'driver'>): string {
  return path
    .split('.')
    .map((part) => driver.escape(part))
    .join('.');
}

function isSessionEntity({ target }: EntityMetadata): boolean {
  return typeof target === 'function' && sessionEntityBrand in target;
}

function tableOfEntity(entity: EntityMetadata): SessionTable {
  return {
    path: entity.tablePath,
    columnOf: (property) =>
      entity.findColumnWithPropertyName(property)?.databaseName ?? sessionColumns[property].name,
  };
}
