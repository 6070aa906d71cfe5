import { codesOf } from './failure-reason.js';

/**
 * What stores answer that have no room left: Redis, memcached, file systems, SQLite, PostgreSQL (SQLSTATE class 53, disk
 * full and out of memory), MySQL and MariaDB.
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

/** Whether a store failed because it is full: what is in it can be read and removed, and nothing be added. */
export function isFull(error: unknown): boolean {
  return codesOf(error).some((code) => FULL.has(code));
}
