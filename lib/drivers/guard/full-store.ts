import { codesOf } from './failure-reason.js';

/**
 * The error codes of stores that have no room left: Redis, memcached, file systems, SQLite, PostgreSQL
 * (SQLSTATE class 53, disk full and out of memory), MySQL and MariaDB.
 */
const FULL: ReadonlySet<string> = new Set([
  'OOM',
  'SERVER_ERROR out of memory',
  'ENOSPC',
  'EDQUOT',
  'SQLITE_FULL',
  '53100',
  '53200',
  'ER_DISK_FULL',
  'ER_RECORD_FILE_FULL',
]);

/** Whether a store failed because it is full: its content can be read and removed, but nothing can be added. */
export function isFull(error: unknown): boolean {
  return codesOf(error).some((code) => FULL.has(code));
}
