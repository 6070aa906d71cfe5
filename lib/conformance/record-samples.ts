import { createHash, randomBytes } from 'node:crypto';
import type { SessionRecord } from '../drivers/driver.js';

/** A minute, in ms. */
export const MINUTE_MS = 60_000;
/** An hour, in ms. */
export const HOUR_MS = 60 * MINUTE_MS;
/** A day, in ms. */
export const DAY_MS = 24 * HOUR_MS;

/** An id as the package generates them: 43 characters of base64url, always unique. */
export function freshId(): string {
  return randomBytes(32).toString('base64url');
}

/** A record of version 1 that lives for an hour from `nowMs` on, with the overrides of a test. */
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

/**
 * A well-formed text of any characters, including NUL and those beyond 16 bits; every other one is ASCII. Always the
 * same one for a seed, so that failures can be reproduced.
 *
 * @param length in code points
 */
export function sampleText(seed: string, length: number): string {
  const random = createHash('shake256', { outputLength: 4 * length })
    .update(seed)
    .digest();
  const points = Array.from(
    { length },
    (_, at) => random.readUInt32LE(4 * at) % (at % 2 === 0 ? 0x80 : 0x11_0000),
  );
  return String.fromCodePoint(...points).toWellFormed();
}
