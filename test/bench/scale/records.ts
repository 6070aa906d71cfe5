import { createHash } from 'node:crypto';
import type { SessionRecord } from '../../../lib/drivers/driver.js';
import { sessionContent } from '../variants/session-content.js';

const hourMs = 60 * 60 * 1000;

/** Lifetimes: records that stay, and records that expire once the clock is moved forward by `soonMs`. */
export const lateMs = 48 * hourMs;
export const soonMs = hourMs;

/** The id of the session with this number: 43 characters in random order, like real ids. */
export function idOf(number: number): string {
  return createHash('sha256').update(String(number)).digest('base64url');
}

/** A record of about 1 KB, different for each number. */
export function recordOf(number: number, version: number, expiresAt: number, now: number): SessionRecord {
  return {
    payload: JSON.stringify({ ...sessionContent(), csrf: idOf(number).slice(0, 32), views: version }),
    expiresAt,
    version,
    lastActivity: now,
    userId: `user-${number}`,
    ipAddress: '127.0.0.1',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  };
}
