import type { EntityMetadata } from 'typeorm';
import { isMySqlFamily } from './sql-dialect.js';
import { defaultTable, sessionColumns, sessionProperties, type SessionProperty } from './session-columns.js';
import { registerWithTypeOrm } from './typeorm-registry.js';

/**
 * The TypeORM entity of the driver `database`: one row of the table `sessions`. Importing it does not load TypeORM.
 *
 * The driver works without it. List it among the entities of a data source to have TypeORM create the table
 * (`synchronize`), or to ask for sessions with a repository. Do not write through it: only the driver keeps versions.
 *
 * For a table of another name (or columns of your own, nullable) extend it and set the option `database.table`.
 *
 * @example
 * TypeOrmModule.forRoot({ type: 'postgres', url, entities: [SessionEntity] });
 * await dataSource.getRepository(SessionEntity).countBy({ userId: '42' });
 *
 * // above the class: `@Entity('app_sessions')`
 * class AppSession extends SessionEntity {}
 */
export class SessionEntity {
  /**
   * The id of the session: as it is where it has at most 255 printable ASCII characters and no space (all generated
   * ones have 43), else `sha256:` and the hash of it.
   */
  id!: string;
  /** The user that the session belongs to; column `user_id`. */
  userId!: string | null;
  /** The address of the client that last wrote; column `ip_address`. */
  ipAddress!: string | null;
  /** The user agent that last wrote; column `user_agent`. */
  userAgent!: string | null;
  /** The serialized session. */
  payload!: string;
  /**
   * When a request last wrote, in epoch milliseconds without their last three digits: the column `last_activity` keeps
   * epoch seconds.
   */
  lastActivity!: number;
  /** Those last three digits, 0 to 999; column `last_activity_ms`. */
  lastActivityMs!: number;
  /** When the session ends, in epoch milliseconds; column `expires_at`. Expired rows stay until they are collected. */
  expiresAt!: number;
  /** 1 for a new session, one more with each write. */
  version!: number;
}

/**
 * An entity has one list of columns for all kinds of databases, and the types that MySQL needs exist nowhere else.
 * TypeORM calls the function that names an index's columns as a method of the index it builds, once for each data
 * source and before it looks at any type: there the columns of that one data source become what MySQL needs. Were
 * TypeORM to call it otherwise, the columns would stay the common ones, and only payloads above 64 KB would be refused.
 */
function indexOnExpiry(this: { readonly entityMetadata?: EntityMetadata } | undefined): string[] {
  const entity = this?.entityMetadata;
  if (entity !== undefined && isMySqlFamily(entity.dataSource)) {
    for (const property of sessionProperties) {
      const adapted = sessionColumns[property].mysql;
      const column = entity.columns.find(({ propertyName }) => propertyName === property);
      if (adapted !== undefined && column !== undefined) Object.assign(column, adapted);
    }
  }
  return ['expiresAt' satisfies SessionProperty];
}

registerWithTypeOrm((storage) => {
  const target = SessionEntity;
  storage.tables.push({ target, name: defaultTable, type: 'regular' });
  for (const propertyName of sessionProperties) {
    const { indexed, mysql: _mysql, ...options } = sessionColumns[propertyName];
    storage.columns.push({ target, propertyName, mode: 'regular', options });
    if (indexed) {
      storage.indices.push({
        target,
        columns: propertyName === 'expiresAt' ? indexOnExpiry : [propertyName],
        synchronize: true,
      });
    }
  }
});
