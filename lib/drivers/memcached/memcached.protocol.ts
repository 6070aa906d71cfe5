import { systemClock } from '../clock.js';
import { textHash } from '../text-hash.js';

/** What the protocol takes as a key: 250 bytes without spaces and control characters. */
const LONGEST_KEY_BYTES = 250;

// Ids as this package makes them, and whatever else is plain and leaves room for the prefix.
const plainId = /^[!-~]+$/;
const hashPrefix = '#';

/**
 * The key of an id. An id that memcached does not take as it is (longer, with spaces, control characters or letters
 * beyond ASCII) is kept under its SHA-256 hash.
 */
export function memcachedKey(prefix: string, id: string): string {
  const isPlain =
    prefix.length + id.length <= LONGEST_KEY_BYTES && plainId.test(id) && !id.startsWith(hashPrefix);
  if (isPlain) return prefix + id;
  return prefix + hashPrefix + textHash(id, 'base64url');
}

const LONGEST_RELATIVE_SECONDS = 30 * 24 * 60 * 60;
const LATEST_TIME = 2 ** 31 - 1;
const NEVER = 0;

/** The lifetime of an item that counts as none from the beginning. */
export const EXPIRED_ALREADY = -1;

/**
 * A lifetime as memcached takes it, which reads up to 30 days as seconds from now, and more as a date in unix seconds
 * (https://github.com/memcached/memcached/blob/master/doc/protocol.txt, "Expiration times").
 *
 * Never sooner than asked for: memcached counts whole seconds, so the record itself says when it ends. A date beyond
 * January 2038, which servers with 32-bit dates do not have, becomes "never": such an item goes when memory runs short.
 */
export function memcachedExpiry(lifetimeMs: number): number {
  // One more: a second that has begun counts as a whole one.
  const seconds = Math.max(1, Math.ceil(lifetimeMs / 1000) + 1);
  if (seconds <= LONGEST_RELATIVE_SECONDS) return seconds;
  // By the machine's clock, as the server's: the date is for memcached, not for the record.
  const date = Math.ceil(systemClock.now() / 1000) + seconds;
  return date <= LATEST_TIME ? date : NEVER;
}
