import { type Clock, systemClock } from '../clock.js';
import type { Keyring } from '../../crypto/keyring.js';
import { RecentTexts } from '../../state/caches.js';
import type { SealingDriver, SessionRecord } from '../driver.js';
import { bytesOfRecord, recordOfBytes } from './sealed-record.js';

/** Half the number of recently opened sessions to cache: a few megabytes at most. */
const OPENED_HALF = 512;

/** Longer tokens are not cached, in characters. */
const MAX_REMEMBERED = 4096;

interface OpenedRecord {
  readonly record: SessionRecord;
  readonly by: Keyring;
}

/**
 * Keeps nothing: the whole session travels in the cookie, encrypted with AES-256-GCM. No store, no round trip,
 * any number of machines. A process caches what it opened lately, so that the same cookie is not decrypted with
 * every request. The price: a session cannot be revoked from the server, and of two parallel responses the last
 * wins, unless the option `ledger` names where to keep who is signed in and what has ended.
 *
 * @example
 * SessionModule.forRoot({ secret: process.env.SESSION_SECRET ?? '', driver: 'stealth' })
 */
export class StealthDriver implements SealingDriver {
  readonly #keyring: Keyring;
  readonly #clock: Clock;
  /** Shared by all places: a token opens in one of them only, which is cached with it. */
  readonly #opened: RecentTexts<OpenedRecord>;

  constructor(
    keyring: Keyring,
    clock: Clock = systemClock,
    opened = new RecentTexts<OpenedRecord>(OPENED_HALF),
  ) {
    this.#keyring = keyring;
    this.#clock = clock;
    this.#opened = opened;
  }

  /**
   * The same driver for tokens that travel elsewhere: in a header, or in the cookie of a tenant.
   *
   * @internal
   */
  boundTo(keyring: Keyring): StealthDriver {
    return new StealthDriver(keyring, this.#clock, this.#opened);
  }

  seal(record: SessionRecord): string {
    return this.#keyring.seal(bytesOfRecord(record));
  }

  open(token: string): SessionRecord | null {
    const known = this.#opened.get(token);
    const record = known?.by === this.#keyring ? known.record : this.#decrypt(token);
    return record !== null && record.expiresAt > this.#clock.now() ? record : null;
  }

  #decrypt(token: string): SessionRecord | null {
    const bytes = this.#keyring.open(token);
    // Shared by all requests with this token.
    const record = bytes === null ? null : Object.freeze(recordOfBytes(bytes));
    if (record !== null && token.length <= MAX_REMEMBERED)
      this.#opened.add(token, { record, by: this.#keyring });
    return record;
  }
}
