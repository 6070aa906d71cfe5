import type { SessionRecord } from './driver.js';

/**
 * A record packed into one text, for stores that keep one value under a key. Numbers come first, at fixed
 * places, so that a store's own script can compare the version and move the expiry without reading the rest:
 *
 *     place  0      format: '1', or '2' where the payload is kept as a JSON string
 *            1..16  expiresAt, epoch milliseconds, padded with zeros
 *           17..32  version, padded
 *           33..48  lastActivity, epoch milliseconds, padded
 *           49..58  the length of what follows the line break, in UTF-16 code units, padded
 *           59..    userId, ipAddress and userAgent as a JSON list, or nothing where all three are null
 *                   a line break (JSON has none), and the payload
 */
const NUMBER_WIDTH = 16;
const EXPIRES_AT_START = 1;
const VERSION_START = EXPIRES_AT_START + NUMBER_WIDTH;
const LAST_ACTIVITY_START = VERSION_START + NUMBER_WIDTH;
const LENGTH_START = LAST_ACTIVITY_START + NUMBER_WIDTH;
const LENGTH_WIDTH = 10;
const HEAD_LENGTH = LENGTH_START + LENGTH_WIDTH;

const head = /^[12][0-9]{58}/;
const plainFormat = '1';
const escapedFormat = '2';

/** Where a store's script finds the numbers in a packed record; places count from 0, `end` is excluded. */
export const packedPlaces = {
  expiresAt: { start: EXPIRES_AT_START, end: VERSION_START },
  version: { start: VERSION_START, end: LAST_ACTIVITY_START },
  /** From here on: the user, the address, the user agent, and a line break. */
  client: { start: HEAD_LENGTH },
} as const;

/** A number as it appears in a packed record: whole, padded with zeros. */
export function packNumber(value: number): string {
  return String(Math.trunc(value)).padStart(NUMBER_WIDTH, '0');
}

/** Packs a record into one text. Its expiry and version are at `packedPlaces`. */
export function packRecord(record: SessionRecord): string {
  const { payload, expiresAt, version, lastActivity, userId, ipAddress, userAgent } = record;
  // Stores receive UTF-8, which has no half of a surrogate pair; JSON writes it as an escape.
  const isPlain = payload.isWellFormed();
  const kept = isPlain ? payload : JSON.stringify(payload);
  const isAnonymous = userId === null && ipAddress === null && userAgent === null;
  const client = isAnonymous ? '' : JSON.stringify([userId, ipAddress, userAgent]);
  return (
    (isPlain ? plainFormat : escapedFormat) +
    packNumber(expiresAt) +
    packNumber(version) +
    packNumber(lastActivity) +
    String(kept.length).padStart(LENGTH_WIDTH, '0') +
    `${client}\n${kept}`
  );
}

/** The beginning of the client part of a packed record of this user; '' for a record without a user. */
export function packUser(userId: string | null): string {
  return userId === null ? '' : `[${JSON.stringify(userId)},`;
}

/** The same packed record with another expiry. */
export function repackExpiry(packed: string, expiresAt: number): string {
  return packed.slice(0, EXPIRES_AT_START) + packNumber(expiresAt) + packed.slice(VERSION_START);
}

/** The value of a JSON text; undefined for any other text. */
export function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

/** Unpacks a record; null for any other text, or one that was cut short. */
export function unpackRecord(text: string): SessionRecord | null {
  if (!head.test(text)) return null;
  const lineEnd = text.indexOf('\n', HEAD_LENGTH);
  const kept = text.slice(lineEnd + 1);
  if (lineEnd < 0 || kept.length !== Number(text.slice(LENGTH_START, HEAD_LENGTH))) return null;
  const client: unknown =
    lineEnd === HEAD_LENGTH ? [null, null, null] : parseJson(text.slice(HEAD_LENGTH, lineEnd));
  const payload: unknown = text.startsWith(plainFormat) ? kept : parseJson(kept);
  if (typeof payload !== 'string' || !Array.isArray(client)) return null;
  const [userId, ipAddress, userAgent]: unknown[] = client;
  if (!isTextOrNull(userId) || !isTextOrNull(ipAddress) || !isTextOrNull(userAgent)) return null;
  return {
    payload,
    expiresAt: Number(text.slice(EXPIRES_AT_START, VERSION_START)),
    version: Number(text.slice(VERSION_START, LAST_ACTIVITY_START)),
    lastActivity: Number(text.slice(LAST_ACTIVITY_START, LENGTH_START)),
    userId,
    ipAddress,
    userAgent,
  };
}
