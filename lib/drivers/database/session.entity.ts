import { Column, type ColumnOptions, Entity, type EntityMetadata, Index } from 'typeorm';
import { dataSourceOf } from './sql-dialect.js';
import {
  adaptationOf,
  defaultTable,
  sessionColumns,
  sessionEntityBrand,
  sessionProperties,
  type SessionProperty,
} from './session-columns.js';

/**
 * Names the column of an index, and adapts the entity to its database. An entity has one list of columns for all
 * kinds of databases, and the types that MySQL needs exist nowhere else. TypeORM calls the function that names an
 * index's columns as a method of the index it builds, once for each data source and before it checks any type:
 * that is the moment to give the columns of that data source the types that its database needs. If TypeORM called
 * it differently, the columns would keep the common types: payloads above 64 KB would be refused on MySQL, and
 * the time of the last activity would end in 2038.
 */
function indexOnExpiry(this: { readonly entityMetadata?: EntityMetadata } | undefined): string[] {
  const entity = this?.entityMetadata;
  if (entity !== undefined) {
    for (const property of sessionProperties) {
      const column = entity.columns.find(({ propertyName }) => propertyName === property);
      if (column !== undefined) Object.assign(column, adaptationOf(property, dataSourceOf(entity)));
    }
  }
  return ['expiresAt' satisfies SessionProperty];
}

/** The options of a column that all kinds of databases accept. */
function columnOf(property: SessionProperty): ColumnOptions {
  const { indexed: _indexed, servers: _servers, mysql: _mysql, ...options } = sessionColumns[property];
  return options;
}

/**
 * The TypeORM entity of the driver `database`: one row of the table `sessions`.
 *
 * The driver works without it. List it among the entities of a data source to have TypeORM create the table
 * (`synchronize`), or to query sessions with a repository. Do not write through it: only the driver maintains
 * versions.
 *
 * For another table name (or columns of your own, nullable) extend it and set the option `database.table`.
 *
 * @example
 * import { SessionEntity } from 'nestjs-session-kit/typeorm';
 *
 * TypeOrmModule.forRoot({ type: 'postgres', url, entities: [SessionEntity] });
 * await dataSource.getRepository(SessionEntity).countBy({ userId: '42' });
 *
 * // above the class: `@Entity('app_sessions')`
 * class AppSession extends SessionEntity {}
 */
@Entity(defaultTable)
@Index(indexOnExpiry)
export class SessionEntity {
  /** The driver recognizes this class and its subclasses by this. */
  static readonly [sessionEntityBrand] = true;

  /**
   * The id of the session: unchanged if it has at most 255 printable ASCII characters and no space (generated
   * ids have 43), otherwise `sha256:` and its hash.
   */
  @Column(columnOf('id'))
  id!: string;
  /** The user that the session belongs to; column `user_id`. */
  @Index()
  @Column(columnOf('userId'))
  userId!: string | null;
  /** The address of the client that last wrote; column `ip_address`. */
  @Column(columnOf('ipAddress'))
  ipAddress!: string | null;
  /** The user agent that last wrote; column `user_agent`. */
  @Column(columnOf('userAgent'))
  userAgent!: string | null;
  /** The serialized session. */
  @Column(columnOf('payload'))
  payload!: string;
  /**
   * When a request last wrote, in epoch milliseconds without the last three digits: the column `last_activity`
   * keeps epoch seconds.
   */
  @Index()
  @Column(columnOf('lastActivity'))
  lastActivity!: number;
  /** Those last three digits, 0 to 999; column `last_activity_ms`. */
  @Column(columnOf('lastActivityMs'))
  lastActivityMs!: number;
  /** When the session ends, in epoch milliseconds; column `expires_at`. Expired rows stay until they are collected. */
  @Column(columnOf('expiresAt'))
  expiresAt!: number;
  /** 1 for a new session, one more with each write. */
  @Column(columnOf('version'))
  version!: number;
}
