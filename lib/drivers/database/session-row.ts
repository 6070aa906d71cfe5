import type { SessionRecord } from '../driver.js';
import { fromColumnSeconds, toColumnSeconds } from './session-columns.js';
import { fromStoredPayload, toStoredId, toStoredPayload, toStoredRemark } from './stored-text.js';

/** The values of a row, in the order of `sessionProperties`. */
export type SessionRow = readonly [
  id: string,
  userId: string | null,
  ipAddress: string | null,
  userAgent: string | null,
  payload: string,
  lastActivity: number,
  expiresAt: number,
  version: number,
];

const maxIpAddressLength = 45;
/** At four bytes each still within MySQL's text; Node takes no longer header unless told to. */
const maxUserAgentLength = 16_000;

/** The row that keeps a record. */
export function toRow(id: string, record: SessionRecord): SessionRow {
  return [
    toStoredId(id),
    record.userId,
    toStoredRemark(record.ipAddress, maxIpAddressLength),
    toStoredRemark(record.userAgent, maxUserAgentLength),
    toStoredPayload(record.payload),
    toColumnSeconds(record.lastActivity),
    record.expiresAt,
    record.version,
  ];
}

/** The record of what a read gave: null where there is no row, or one that the driver cannot have written. */
export function toRecord(row: unknown): SessionRecord | null {
  if (typeof row !== 'object' || row === null) return null;
  const columns = new Map<string, unknown>(Object.entries(row));
  const stored = columns.get('payload');
  const payload = typeof stored === 'string' ? fromStoredPayload(stored) : null;
  const expiresAt = toInteger(columns.get('expiresAt'));
  const version = toInteger(columns.get('version'));
  const lastActivity = toInteger(columns.get('lastActivity'));
  if (payload === null || expiresAt === null || version === null || lastActivity === null) return null;
  return {
    payload,
    expiresAt,
    version,
    lastActivity: fromColumnSeconds(lastActivity),
    userId: toText(columns.get('userId')),
    ipAddress: toText(columns.get('ipAddress')),
    userAgent: toText(columns.get('userAgent')),
  };
}

/** Numbers of a bigint column come as text from some clients, and as bigint where the application asks for that. */
function toInteger(value: unknown): number | null {
  if (typeof value !== 'number' && typeof value !== 'string' && typeof value !== 'bigint') return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : null;
}

const toText = (value: unknown): string | null => (typeof value === 'string' ? value : null);
