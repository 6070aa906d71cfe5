import { optionError } from './read-option.js';
import { refine, text, wholeNumber } from './checks.js';
import { type Duration, duration } from './duration.js';
import { type Table, group } from './read-table.js';

/**
 * What stands under `stealth` in the options.
 *
 * @example
 * stealth: { maxCookies: 1 }
 */
export interface StealthDriverOptions {
  /**
   * How many cookies a session may be split into, 1 to 3. Browsers take 4096 bytes a cookie; servers and proxies take
   * 8 to 16 KB of request headers in all, so more pieces than three would lock a visitor out. Default 3.
   */
  maxCookies?: number;
  /**
   * The name of a driver that keeps records ('redis', 'memory', 'file', 'database', 'memcached' or one of your own), whose options
   * stand under its name as ever. It keeps a line for each session that somebody is signed in to, which is that session, sealed; and one
   * for each session that ended or got another id before its cookie would have expired. So sessions can be listed and ended, a
   * copied cookie is dead after signing out, and parallel requests merge. Each request with a session asks it once. Default none: sessions
   * live in cookies alone.
   *
   * @example
   * SessionModule.forRoot({ secret, stealth: { ledger: 'redis' }, redis: { url: 'redis://localhost' } })
   */
  ledger?: string;
  /**
   * How long an answer of the ledger is cached in this process, so that most requests ask nobody: what other processes have ended
   * or written meanwhile is noticed that much later, and what this one does, at once. Default: each request asks.
   */
  ledgerEvery?: Duration;
}

const takesLedger = "the name of a driver that keeps records, such as 'redis' or 'database'";

const options = group({
  maxCookies: { default: 3, check: wholeNumber(1, 3, 'a whole number from 1 to 3') },
  ledger: { check: text(takesLedger, /^(?!stealth$)./s) },
  ledgerEvery: { check: duration() },
} satisfies Table & Record<keyof StealthDriverOptions, unknown>);

/** Checks what stands under `stealth`, and fills the defaults in. */
export const stealthOptions = refine(options, (value, option) => {
  if (value.ledgerEvery === undefined || value.ledger !== undefined) return value;
  throw optionError(
    `${option}.ledgerEvery`,
    `says how long answers of a ledger are cached, and there is none: it takes the option '${option}.ledger' as well.`,
  );
});
