import { SessionStoreError, SessionTooLargeError } from '../../session.errors.js';
import type { SessionTable } from './session-table.js';
import { propertyOf } from '../../state/property-of.js';

/** The fields that database clients set on their errors. */
interface ClientError {
  readonly message: string;
  /** SQLSTATE on PostgreSQL, a name such as ER_DUP_ENTRY or SQLITE_BUSY elsewhere. */
  readonly code: string;
  /** Set by MySQL and MariaDB in addition. */
  readonly sqlState?: string;
}

/** The client's own part of an error; TypeORM wraps it in an error that carries the statement's parameters. */
function clientErrorOf(error: unknown): ClientError {
  const wrapped = propertyOf(error, 'driverError');
  const inner = wrapped instanceof Error ? wrapped : error;
  const [said, given, sqlState] = ['message', 'code', 'sqlState'].map((name) => propertyOf(inner, name));
  const code = typeof given === 'string' ? given : '';
  // A failed connection to a name with several addresses is an AggregateError without a message.
  const message = (typeof said === 'string' ? said : '') || code || 'The database client failed.';
  return typeof sqlState === 'string' ? { message, code, sqlState } : { message, code };
}

// Each statement is its own transaction, which the server has undone completely, so it may be sent again.
const passingCodes: ReadonlySet<string> = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  'ER_LOCK_DEADLOCK',
  'ER_CHECKREAD', // MariaDB: record has changed since last read, under innodb_snapshot_isolation
  'SQLITE_BUSY',
  'SQLITE_BUSY_SNAPSHOT',
  'SQLITE_BUSY_RECOVERY',
  'SQLITE_LOCKED',
]);

/** Whether another process interfered, so that the same statement may succeed a moment later. */
export const isPassing = (error: unknown): boolean => passingCodes.has(clientErrorOf(error).code);

/** Whether an INSERT failed because a row of that id exists (MySQL and MariaDB). */
export const isDuplicate = (error: unknown): boolean => clientErrorOf(error).code === 'ER_DUP_ENTRY';

/** Whether a number was larger than its column (SQLSTATE numeric_value_out_of_range). */
export function isOutOfRange(error: unknown): boolean {
  const { code, sqlState } = clientErrorOf(error);
  return (sqlState ?? code) === '22003';
}

/**
 * Whether the database accepts no payload of that size: MySQL's `max_allowed_packet`, a payload column created
 * as MySQL's `text`, or SQLite's own limit.
 */
function isPayloadTooLarge({ code, message }: ClientError, payloadColumn: string): boolean {
  if (code === 'ER_DATA_TOO_LONG') return message.includes(`'${payloadColumn}'`);
  return code === 'ER_NET_PACKET_TOO_LARGE' || code === 'SQLITE_TOOBIG';
}

function isTableMissing({ code, message }: ClientError): boolean {
  return code === '42P01' || code === 'ER_NO_SUCH_TABLE' || message.startsWith('no such table: ');
}

/**
 * The error for a failed statement. It contains neither the id nor the payload, although TypeORM's error
 * carries all parameters and servers quote values in their messages.
 */
export function describeFailure(error: unknown, parameters: readonly unknown[], table: SessionTable): Error {
  if (error instanceof SessionStoreError) return error;
  const client = clientErrorOf(error);
  const texts = parameters.filter((value) => typeof value === 'string');
  if (isPayloadTooLarge(client, table.columnOf('payload'))) {
    return new SessionTooLargeError(
      `The session has ${Math.max(...texts.map((text) => Buffer.byteLength(text)))} bytes; the database takes no payload of that ` +
        'size. On MySQL and MariaDB the payload column should be longtext (as SessionEntity and the migration make it), and ' +
        'max_allowed_packet above the size.',
    );
  }
  if (isTableMissing(client)) {
    return new SessionStoreError(
      `The table '${table.path}' of the session driver "database" does not exist. Run the migration ` +
        `CreateSessionsTable1700000000000, or list SessionEntity in the data source's entities with 'synchronize: true'. ` +
        `For a table of another name set the option 'database.table'.`,
    );
  }
  const quotesValues =
    /\\x[0-9a-f]{2}/i.test(client.message) ||
    texts.some((text) => text !== '' && client.message.includes(text.slice(0, 8)));
  const failure = new Error(
    quotesValues
      ? `The database refused a statement on '${table.path}'; its message is left out, because it quotes values.`
      : client.message,
  );
  const { message: _said, ...codes } = client;
  return client.code === '' ? failure : Object.assign(failure, codes);
}
