import { randomBytes } from 'node:crypto';
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

/** The surrogate range of UTF-16: halves of characters beyond 16 bits, which are no characters themselves. */
const surrogates = { first: 0xd800, count: 0x800 } as const;
const codePoints = 0x11_0000 - surrogates.count;

/**
 * Well-formed texts of any characters, including NUL and those beyond 16 bits. Always the same ones, so
 * failures can be reproduced.
 */
export class RandomText {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A text of a random number of code points, half of them ASCII. */
  next(minLength: number, maxLength: number): string {
    const length = minLength + this.#below(maxLength - minLength + 1);
    return String.fromCodePoint(...Array.from({ length }, () => this.#codePoint()));
  }

  #codePoint(): number {
    if (this.#below(2) === 0) return this.#below(0x80);
    const point = this.#below(codePoints);
    return point < surrogates.first ? point : point + surrogates.count;
  }

  /** mulberry32 (Tommy Ettinger, public domain): 32 bits from 32 bits of state. */
  #below(limit: number): number {
    this.#state = (this.#state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }
}
