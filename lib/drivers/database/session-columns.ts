import type { ColumnOptions, ColumnType, DataSource, ValueTransformer } from 'typeorm';
import { knownDialect } from './sql-dialect.js';

/** A column of the sessions table. The entity, the migration and the driver are built from it. */
interface SessionColumn extends Pick<
  ColumnOptions,
  'length' | 'nullable' | 'primary' | 'transformer' | 'default'
> {
  readonly name: string;
  readonly type: ColumnType;
  readonly indexed?: true;
  /** Overrides for PostgreSQL, MySQL and MariaDB: each number there has the size of its type. */
  readonly servers?: Adaptation;
  /** Overrides for MySQL and MariaDB. */
  readonly mysql?: Adaptation;
}

/** What a column has on some kinds of databases only. */
type Adaptation = Pick<ColumnOptions, 'default' | 'charset' | 'collation'> & { readonly type?: ColumnType };

// The servers' defaults ignore case, and on old databases lack characters beyond U+FFFF.
const exactText = { charset: 'utf8mb4', collation: 'utf8mb4_bin' } as const;

/** bigint columns come back as strings from PostgreSQL and MySQL. */
const asNumber: ValueTransformer = {
  to: (value: unknown) => value,
  from: Number,
};

/** The largest number of an `integer` column of a server; seconds reach it in January 2038. */
export const LARGEST_INTEGER = 2_147_483_647;

/** Converts epoch milliseconds to the whole seconds of the column `last_activity`. */
export const toColumnSeconds = (epochMs: number): number => Math.floor(epochMs / 1000);

const asSeconds: ValueTransformer = {
  to: (value: unknown) => (typeof value === 'number' ? toColumnSeconds(value) : value),
  from: (value: unknown) => Number(value) * 1000,
};

const columns = {
  id: {
    name: 'id',
    type: 'varchar',
    length: 255,
    primary: true,
    // Plain ids are printable ASCII (see stored-text.ts); one byte per character keeps MySQL's index short.
    mysql: { charset: 'ascii', collation: 'ascii_bin' },
  },
  userId: {
    name: 'user_id',
    type: 'varchar',
    // 255 characters, each of which may need an escape (see stored-text.ts). MySQL's indexes allow up to 768.
    length: 525,
    nullable: true,
    indexed: true,
    mysql: exactText,
  },
  ipAddress: { name: 'ip_address', type: 'varchar', length: 45, nullable: true },
  userAgent: { name: 'user_agent', type: 'text', nullable: true, mysql: exactText },
  // MySQL's text is limited to 64 KB.
  payload: { name: 'payload', type: 'text', mysql: { type: 'longtext', ...exactText } },
  lastActivity: {
    name: 'last_activity',
    // 64 bits on SQLite.
    type: 'integer',
    indexed: true,
    transformer: asSeconds,
    // TypeORM replaces a column whose type changes, and fills it with the default: the time of a renewal remains.
    servers: { type: 'bigint', default: 0 },
  },
  // Makes a record read back exactly as written; has a default, for rows that come from elsewhere.
  lastActivityMs: { name: 'last_activity_ms', type: 'smallint', default: 0 },
  expiresAt: { name: 'expires_at', type: 'bigint', indexed: true, transformer: asNumber },
  version: { name: 'version', type: 'integer' },
} satisfies Readonly<Record<string, SessionColumn>>;

/** A property of the entity: one for each column. */
export type SessionProperty = keyof typeof columns;

/** The columns of the sessions table, keyed by entity property. */
export const sessionColumns: Readonly<Record<SessionProperty, SessionColumn>> = columns;

/** The properties of a row, in the order of the columns. */
export const sessionProperties = Object.keys(columns).filter(
  (property): property is SessionProperty => property in columns,
);

/** The name of the table if no other is configured. */
export const defaultTable = 'sessions';

/**
 * The brand of the class `SessionEntity`, by which the driver recognizes its entities without the class and
 * without loading TypeORM. One symbol for the whole process, so that two copies of the package recognize each
 * other's.
 */
export const sessionEntityBrand: unique symbol = Symbol.for('nestjs-session-kit:session-entity');

/** What a column has in a data source that it does not have on every kind of database. */
export function adaptationOf(property: SessionProperty, dataSource: Pick<DataSource, 'options'>): Adaptation {
  const dialect = knownDialect(dataSource);
  const { servers, mysql } = sessionColumns[property];
  return { ...(dialect === 'sqlite' ? {} : servers), ...(dialect === 'mysql' ? mysql : {}) };
}
