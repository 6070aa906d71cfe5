import { isObject } from '../../state/values.js';
import type { SessionRecord } from '../driver.js';
import { LARGEST_INTEGER, sessionProperties, toColumnSeconds } from './session-columns.js';
import { fromStoredText, toStoredId, toDisplayText, toStoredText } from './stored-text.js';
import { propertyOf } from '../../state/property-of.js';

/** The values of a row, in the order of `sessionProperties`. */
export type SessionRow = readonly (string | number | null)[];

const MAX_IP_ADDRESS_LENGTH = 45;
/** At four bytes each still within MySQL's text; Node accepts no longer header by default. */
const MAX_USER_AGENT_LENGTH = 16_000;

/** A record as the values of its row: encoded as the table stores them, and shortened where a column is. */
export function toRow(id: string, record: SessionRecord): SessionRow {
  return [
    toStoredId(id),
    record.userId === null ? null : toStoredText(record.userId),
    toDisplayText(record.ipAddress, MAX_IP_ADDRESS_LENGTH),
    toDisplayText(record.userAgent, MAX_USER_AGENT_LENGTH),
    toStoredText(record.payload),
    toColumnSeconds(record.lastActivity),
    record.lastActivity % 1000,
    record.expiresAt,
    record.version,
  ];
}

/** Where a row has the time of the last activity. */
const AT_ACTIVITY = sessionProperties.indexOf('lastActivity');

/**
 * A row for a table that was created with 32 bits for the last activity (WidenLastActivity1700000000001): from
 * 2038 on, its time stays at the largest that fits.
 */
export function narrowed(row: SessionRow): SessionRow {
  return row.map((value, at) => (at === AT_ACTIVITY ? Math.min(Number(value), LARGEST_INTEGER) : value));
}

/** Converts a row to a record; null if there is no row, or one that the driver cannot have written. */
export function toRecord(row: unknown): SessionRecord | null {
  if (!isObject(row)) return null;
  const payload = toText(row['payload']);
  // Some clients return bigint columns as text, or as bigint if the application asks for that.
  const numbers = {
    expiresAt: Number(row['expiresAt']),
    version: Number(row['version']),
    lastActivity: Number(row['lastActivity']) * 1000 + Number(row['lastActivityMs']),
  };
  if (payload === null || !Object.values(numbers).every(Number.isSafeInteger)) return null;
  return {
    payload,
    ...numbers,
    userId: toText(row['userId']),
    ipAddress: toText(row['ipAddress']),
    userAgent: toText(row['userAgent']),
  };
}

/**
 * The id of a row as stored: the session's own id, unless the application chose one that the column cannot
 * hold.
 */
export function idOf(row: unknown): string | null {
  const id = propertyOf(row, 'id');
  return typeof id === 'string' ? id : null;
}

const toText = (value: unknown): string | null => (typeof value === 'string' ? fromStoredText(value) : null);
