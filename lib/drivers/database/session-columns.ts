import type { ColumnType, ValueTransformer } from 'typeorm';

/** What a column of the sessions table is; the entity, the migration and the driver are made from it. */
interface SessionColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly length?: number;
  readonly nullable?: true;
  readonly primary?: true;
  readonly indexed?: true;
  readonly transformer?: ValueTransformer;
  readonly default?: number;
  /** What MySQL and MariaDB need instead. */
  readonly mysql?: { readonly type?: ColumnType; readonly charset: string; readonly collation: string };
}

/** The properties of a row, in the order of the columns. */
export const sessionProperties = [
  'id',
  'userId',
  'ipAddress',
  'userAgent',
  'payload',
  'lastActivity',
  'lastActivityMs',
  'expiresAt',
  'version',
] as const;

/** One of them. */
export type SessionProperty = (typeof sessionProperties)[number];

// The servers' own defaults compare without regard to case, and know no character beyond U+FFFF on old databases.
const exactText = { charset: 'utf8mb4', collation: 'utf8mb4_bin' } as const;

const isNumeric = (value: unknown): value is number | string =>
  typeof value === 'number' || typeof value === 'string';

/** bigint columns come back as strings from PostgreSQL and MySQL. */
const asNumber: ValueTransformer = {
  to: (value: unknown) => value,
  from: (value: unknown) => (isNumeric(value) ? Number(value) : value),
};

/** The largest number of an `integer` column; seconds reach it in January 2038. */
const LARGEST_INTEGER = 2_147_483_647;

/**
 * Epoch milliseconds as the column `last_activity` keeps them: whole seconds. From 2038 on the column stands still at
 * the largest number that it can hold, rather than failing every write.
 */
export const toColumnSeconds = (epochMs: number): number =>
  Math.min(Math.floor(epochMs / 1000), LARGEST_INTEGER);

const asSeconds: ValueTransformer = {
  to: (value: unknown) => (typeof value === 'number' ? toColumnSeconds(value) : value),
  from: (value: unknown) => (isNumeric(value) ? Number(value) * 1000 : value),
};

/** The columns of the sessions table, by the property that each has in the entity. */
export const sessionColumns: Readonly<Record<SessionProperty, SessionColumn>> = {
  id: {
    name: 'id',
    type: 'varchar',
    length: 255,
    primary: true,
    // Plain ids are printable ASCII (see stored-text.ts); one byte each keeps MySQL's index short.
    mysql: { charset: 'ascii', collation: 'ascii_bin' },
  },
  userId: {
    name: 'user_id',
    type: 'varchar',
    // 255 characters, of which each may have to be escaped (see stored-text.ts). MySQL's indexes go up to 768.
    length: 525,
    nullable: true,
    indexed: true,
    mysql: exactText,
  },
  ipAddress: { name: 'ip_address', type: 'varchar', length: 45, nullable: true },
  userAgent: { name: 'user_agent', type: 'text', nullable: true, mysql: exactText },
  // MySQL's text ends at 64 KB.
  payload: { name: 'payload', type: 'text', mysql: { type: 'longtext', ...exactText } },
  lastActivity: { name: 'last_activity', type: 'integer', indexed: true, transformer: asSeconds },
  // So that a record is read as it was written; with a default, for rows that come from elsewhere.
  lastActivityMs: { name: 'last_activity_ms', type: 'smallint', default: 0 },
  expiresAt: { name: 'expires_at', type: 'bigint', indexed: true, transformer: asNumber },
  version: { name: 'version', type: 'integer' },
};

/** The name of the table where no other is configured. */
export const defaultTable = 'sessions';

/**
 * The brand of the class `SessionEntity`: the driver, which runs without that class and loads no TypeORM, knows its entities by it.
 * One symbol for the whole process, so that two copies of the package know each other's.
 */
export const sessionEntityBrand: unique symbol = Symbol.for('nestjs-session-kit:session-entity');
