import type { DataSource } from 'typeorm';
import { sessionProperties, type SessionProperty } from './session-columns.js';
import { type SessionTable, quotedPath } from './session-table.js';
import { dialectOf, type SqlDialect } from './sql-dialect.js';

/** All statements of the driver, for one table in one dialect. */
export type SessionSql = Readonly<ReturnType<typeof writeSessionSql>>;

const changingProperties = sessionProperties.filter((property) => property !== 'id');

/**
 * Writes the statements for a table of a data source, once for all calls. TypeORM's query builder would build
 * each one anew, which takes several times as long as running it; it cannot delete a limited number of rows,
 * and needs an entity in the data source. TypeORM quotes the names and names the parameters; values are only
 * passed as parameters. The brackets list each statement's parameters in order.
 */
export function writeSessionSql(sessionTable: SessionTable, dataSource: DataSource) {
  const { driver, options } = dataSource;
  const dialect = dialectOf(options.type);
  const table = quotedPath(sessionTable.path, dataSource);
  const column = (property: SessionProperty): string => driver.escape(sessionTable.columnOf(property));
  const parameter = (position: number): string => driver.createParameter('', position - 1);
  const [id, expiresAt, version] = [column('id'), column('expiresAt'), column('version')];
  /** Finds the live row of an id; takes two parameters from a position on: [id, now]. */
  const live = (at: number): string => `${id} = ${parameter(at)} AND ${expiresAt} > ${parameter(at + 1)}`;
  const assignments = changingProperties.map((property, at) => `${column(property)} = ${parameter(at + 1)}`);
  const set = `UPDATE ${table} SET ${assignments.join(', ')}`;
  const next = changingProperties.length + 1;

  const names = sessionProperties.map(column).join(', ');
  const values = sessionProperties.map((_property, at) => parameter(at + 1)).join(', ');
  const taken = changingProperties.map((property) => `${column(property)} = excluded.${column(property)}`);
  const onConflict =
    `ON CONFLICT (${id}) DO UPDATE SET ${taken.join(', ')} ` +
    `WHERE stored.${expiresAt} <= ${parameter(sessionProperties.length + 1)}`;

  const selected = sessionProperties.map((property) => `${column(property)} AS ${driver.escape(property)}`);
  const select = `SELECT ${selected.join(', ')}`;

  return {
    /** [id, now] */
    read: `${select} FROM ${table} WHERE ${live(1)}`,
    /** [userId, now, id to start after, maximum number] */
    listByUser:
      `${select} FROM ${table} WHERE ${column('userId')} = ${parameter(1)} AND ${expiresAt} > ${parameter(2)} ` +
      `AND ${id} > ${parameter(3)} ORDER BY ${id} LIMIT ${parameter(4)}`,
    /**
     * [the columns in the order of `sessionProperties`, then now, except on MySQL]. Inserts a row or replaces
     * an expired one; the count tells whether it did. On MySQL, whose count cannot tell, it only inserts, and
     * fails if there is a row.
     */
    insert:
      dialect === 'mysql'
        ? `INSERT INTO ${table} (${names}) VALUES (${values})`
        : `INSERT INTO ${table} AS stored (${names}) VALUES (${values}) ${onConflict}`,
    /** [the columns without id, id, now]; MySQL only. */
    replaceExpired: `${set} WHERE ${id} = ${parameter(next)} AND ${expiresAt} <= ${parameter(next + 1)}`,
    /** [the columns without id, id, now, version to replace] */
    update: `${set} WHERE ${live(next)} AND ${version} = ${parameter(next + 2)}`,
    /** [expiresAt, id, now] */
    touch: `UPDATE ${table} SET ${expiresAt} = ${parameter(1)} WHERE ${live(2)}`,
    /** [id] */
    destroy: `DELETE FROM ${table} WHERE ${id} = ${parameter(1)}`,
    /** [id, now, version] */
    destroyVersion: `DELETE FROM ${table} WHERE ${live(1)} AND ${version} = ${parameter(3)}`,
    /** [now, maximum number] */
    collect: writeCollect(table, id, expiresAt, dialect),
    /** []; SQLite only. PASSIVE does not wait for other connections: what they still read is left for the next one. */
    checkpoint: 'PRAGMA wal_checkpoint(PASSIVE)',
  };
}

/**
 * Removes the longest expired rows, found through the index on the expiry. Rows that another process is
 * removing are skipped if the database supports it; on MySQL all processes remove in index order, and so wait
 * for each other.
 */
function writeCollect(table: string, id: string, expiresAt: string, dialect: SqlDialect): string {
  if (dialect === 'mysql')
    return `DELETE FROM ${table} WHERE ${expiresAt} <= ? ORDER BY ${expiresAt} LIMIT ?`;
  if (dialect === 'sqlite') {
    return (
      `DELETE FROM ${table} WHERE ${id} IN ` +
      `(SELECT ${id} FROM ${table} WHERE ${expiresAt} <= ? ORDER BY ${expiresAt} LIMIT ?)`
    );
  }
  // Checked again outside: the row may have been replaced by a live one before it was locked.
  return (
    `DELETE FROM ${table} WHERE ${expiresAt} <= $1 AND ${id} = ANY(ARRAY(` +
    `SELECT ${id} FROM ${table} WHERE ${expiresAt} <= $1 ORDER BY ${expiresAt} LIMIT $2 FOR UPDATE SKIP LOCKED))`
  );
}
