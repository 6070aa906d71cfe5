import { randomBytes } from 'node:crypto';
import type { SessionRecord } from '../drivers/driver.js';

/** A minute, in ms. */
export const MINUTE_MS = 60_000;
/** An hour, in ms. */
export const HOUR_MS = 60 * MINUTE_MS;
/** A day, in ms. */
export const DAY_MS = 24 * HOUR_MS;

/** An id as the package makes them: 43 characters of base64url, never given twice. */
export function freshId(): string {
  return randomBytes(32).toString('base64url');
}

/** A record of version 1 that lives for an hour from `nowMs` on, with whatever a test wants otherwise. */
export function sampleRecord(nowMs: number, differing: Partial<SessionRecord> = {}): SessionRecord {
  return {
    payload: '{"cart":{"total":3}}',
    expiresAt: nowMs + HOUR_MS,
    version: 1,
    lastActivity: nowMs,
    userId: null,
    ipAddress: null,
    userAgent: null,
    ...differing,
  };
}
