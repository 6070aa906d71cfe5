import { optionError } from './read-option.js';
import { refine, text, wholeNumber } from './checks.js';
import { type Duration, duration } from './duration.js';
import { type Table, group } from './read-table.js';

/**
 * The option `stealth`.
 *
 * @example
 * stealth: { maxCookies: 1 }
 */
export interface StealthDriverOptions {
  /**
   * How many cookies a session may be split into, 1 to 3. Browsers accept 4096 bytes per cookie; servers and
   * proxies accept 8 to 16 KB of request headers in all, so more than three pieces would lock a visitor out.
   * Default 3.
   */
  maxCookies?: number;
  /**
   * The name of a driver that keeps records ('redis', 'memory', 'file', 'database', 'memcached' or one of your
   * own), with its options under its name as usual. It keeps an entry for each session that somebody is signed
   * in to, which is that session, sealed; and one for each session that ended or got another id before its
   * cookie would have expired. So sessions can be listed and ended, a copied cookie is dead after sign-out, and
   * parallel requests merge. Each request with a session asks it once. Default none: sessions live in cookies
   * alone.
   *
   * @example
   * SessionModule.forRoot({ secret, stealth: { ledger: 'redis' }, redis: { url: 'redis://localhost' } })
   */
  ledger?: string;
  /**
   * How long an answer of the ledger is cached in this process, so that most requests do not ask the ledger.
   * What other processes end or write meanwhile is noticed that much later; what this process does, at once.
   * Default: each request asks.
   */
  ledgerEvery?: Duration;
}

/** The most cookies that a session may be split into. */
export const MOST_COOKIES = 3;

const takesLedger = "the name of a driver that keeps records, such as 'redis' or 'database'";

const options = group({
  maxCookies: { default: 3, check: wholeNumber(1, MOST_COOKIES, 'a whole number from 1 to 3') },
  ledger: { check: text(takesLedger, /^(?!stealth$)./s) },
  ledgerEvery: { check: duration() },
} satisfies Table & Record<keyof StealthDriverOptions, unknown>);

export const stealthOptions = refine(options, (value, option) => {
  if (value.ledgerEvery === undefined || value.ledger !== undefined) return value;
  throw optionError(
    `${option}.ledgerEvery`,
    `says how long answers of a ledger are cached, and there is none: it takes the option '${option}.ledger' as well.`,
  );
});
