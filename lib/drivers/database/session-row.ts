import type { SessionRecord } from '../driver.js';
import { toColumnSeconds } from './session-columns.js';
import { fromStoredText, toStoredId, toDisplayText, toStoredText } from './stored-text.js';

/** The values of a row, in the order of `sessionProperties`. */
export type SessionRow = readonly [
  id: string,
  userId: string | null,
  ipAddress: string | null,
  userAgent: string | null,
  payload: string,
  lastActivity: number,
  lastActivityMs: number,
  expiresAt: number,
  version: number,
];

const MAX_IP_ADDRESS_LENGTH = 45;
/** At four bytes each still within MySQL's text; Node accepts no longer header by default. */
const MAX_USER_AGENT_LENGTH = 16_000;

/** Converts a record to a row. */
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

/** Converts a row to a record; null if there is no row, or one that the driver cannot have written. */
export function toRecord(row: unknown): SessionRecord | null {
  if (typeof row !== 'object' || row === null) return null;
  const columns = new Map<string, unknown>(Object.entries(row));
  const payload = toText(columns.get('payload'));
  const expiresAt = toInteger(columns.get('expiresAt'));
  const version = toInteger(columns.get('version'));
  const seconds = toInteger(columns.get('lastActivity'));
  const milliseconds = toInteger(columns.get('lastActivityMs'));
  if (payload === null || expiresAt === null || version === null || seconds === null) return null;
  return {
    payload,
    expiresAt,
    version,
    lastActivity: seconds * 1000 + (milliseconds ?? 0),
    userId: toText(columns.get('userId')),
    ipAddress: toText(columns.get('ipAddress')),
    userAgent: toText(columns.get('userAgent')),
  };
}

/**
 * The id of a row as stored: the session's own id, unless the application chose one that the column cannot
 * hold.
 */
export function idOf(row: unknown): string | null {
  return typeof row === 'object' && row !== null && 'id' in row && typeof row.id === 'string' ? row.id : null;
}

/** Some clients return bigint columns as text, or as bigint if the application asks for that. */
function toInteger(value: unknown): number | null {
  if (typeof value !== 'number' && typeof value !== 'string' && typeof value !== 'bigint') return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : null;
}

const toText = (value: unknown): string | null => (typeof value === 'string' ? fromStoredText(value) : null);
