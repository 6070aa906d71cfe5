import { type Clock, systemClock } from '../clock.js';
import type { Keyring } from '../../crypto/keyring.js';
import { RecentTokens } from '../../crypto/recent-tokens.js';
import type { SealingDriver, SessionRecord } from '../driver.js';
import { bytesOfRecord, recordOfBytes } from './sealed-record.js';

/** How many sessions that were opened lately are remembered, in half of what is kept: a few megabytes at most. */
const OPENED_HALF = 512;

/** Longer tokens are opened each time, in characters. */
const MAX_REMEMBERED = 4096;

interface Opened {
  readonly record: SessionRecord;
  readonly by: Keyring;
}

/**
 * Keeps nothing: the whole session travels, encrypted with AES-256-GCM, in the cookie. No store, no round trip, any
 * number of machines. A process remembers what it opened lately, so that the same cookie is not decrypted
 * with every request. The price: it cannot be revoked from the server, and of two parallel responses the last wins, unless the
 * option `ledger` names where to keep who is signed in and what has ended.
 *
 * @example
 * SessionModule.forRoot({ secret: process.env.SESSION_SECRET, driver: 'stealth' })
 */
export class StealthDriver implements SealingDriver {
  readonly #keyring: Keyring;
  readonly #clock: Clock;
  /** Of all places: a token opens in one of them only, which is remembered with it. */
  readonly #opened: RecentTokens<Opened>;

  constructor(keyring: Keyring, clock: Clock = systemClock, opened = new RecentTokens<Opened>(OPENED_HALF)) {
    this.#keyring = keyring;
    this.#clock = clock;
    this.#opened = opened;
  }

  /**
   * The same for tokens that travel elsewhere: in a header, or in the cookie of a tenant.
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
    return record !== null && record.expiresAt > this.#clock.now() ? { ...record } : null;
  }

  #decrypt(token: string): SessionRecord | null {
    const bytes = this.#keyring.open(token);
    const record = bytes === null ? null : recordOfBytes(bytes);
    if (record !== null) this.#remember(token, record);
    return record;
  }

  #remember(token: string, record: SessionRecord): void {
    if (token.length <= MAX_REMEMBERED) this.#opened.add(token, { record, by: this.#keyring });
  }
}
