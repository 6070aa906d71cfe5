import { systemClock } from '../clock.js';
import { textHash } from '../text-hash.js';

/** The maximum length of a key in the protocol. Keys have no spaces and no control characters. */
const LONGEST_KEY_BYTES = 250;

// Ids as this package generates them, and other printable ASCII without spaces.
const plainId = /^[!-~]+$/;
const hashPrefix = '#';

/**
 * The key of an id. An id that memcached does not accept (longer, with spaces, control characters or letters
 * beyond ASCII) is stored under its SHA-256 hash.
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

/** The lifetime of an item that has expired from the beginning. */
export const EXPIRED_ALREADY = -1;

/**
 * Converts a lifetime to memcached's format: up to 30 days in seconds from now, more as a date in unix seconds
 * (https://github.com/memcached/memcached/blob/master/doc/protocol.txt, "Expiration times").
 *
 * Never shorter than requested: memcached counts whole seconds, so the record itself says when it ends. A date
 * beyond January 2038, which servers with 32-bit dates do not have, becomes "never": such an item is evicted
 * when memory runs short.
 */
export function memcachedExpiry(lifetimeMs: number): number {
  // Plus one, because a second that has begun counts as a whole one.
  const seconds = Math.max(1, Math.ceil(lifetimeMs / 1000) + 1);
  if (seconds <= LONGEST_RELATIVE_SECONDS) return seconds;
  // By the system clock, like the server: the date is for memcached, not for the record.
  const date = Math.ceil(systemClock.now() / 1000) + seconds;
  return date <= LATEST_TIME ? date : NEVER;
}
