import { SessionError } from '../session.errors.js';
import { isThenable } from '../state/is-thenable.js';
import type { SealingDriver, SessionRecord } from './driver.js';
import { recordAnswered } from './guard/guarded-driver.js';
import type { StoreGuard } from './guard/store-guard.js';
import type { StoreUse } from './guard/store-health.js';

/** The characters allowed in a cookie value (RFC 6265bis, 4.1.1). */
const COOKIE_OCTETS = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/;

/**
 * Wraps a sealing driver of the application's own. Its tokens go into the response head unchanged: a token with
 * a semicolon or a line break would inject cookie attributes or headers, so it is refused.
 *
 * An asynchronous driver calls another service, such as a key service, which is guarded like any other store.
 * The answers of a synchronous driver do not pass the guard, which takes a promise for each; its errors do, and
 * the first success after one.
 */
export class CookieSafeDriver implements SealingDriver {
  readonly #name: string;
  readonly #driver: SealingDriver;
  readonly #guard: StoreGuard;
  /** True once the driver has returned a promise. */
  #isAsynchronous = false;
  /** The uses that failed last time: the guard has to see them succeed. */
  readonly #failing = new Set<StoreUse>();

  /** @param name of the driver, for messages */
  constructor(name: string, driver: SealingDriver, guard: StoreGuard) {
    this.#name = name;
    this.#driver = driver;
    this.#guard = guard;
  }

  seal(record: SessionRecord): string | Promise<string> {
    return this.#guarded(
      'writing',
      () => this.#driver.seal(record),
      (token) => this.#safe(token),
    );
  }

  open(token: string): SessionRecord | null | Promise<SessionRecord | null> {
    const opened = (record: SessionRecord | null): SessionRecord | null =>
      recordAnswered(this.#name, 'open', record);
    return this.#guarded('reading', () => this.#driver.open(token), opened);
  }

  #guarded<T>(use: StoreUse, call: () => T | Promise<T>, judge: (answer: T) => T): T | Promise<T> {
    const guarded = (asked: () => Promise<T>): Promise<T> => this.#guard.run(use, '', {}, asked, judge);
    if (this.#isAsynchronous) return guarded(async () => call());
    let answer: T | Promise<T>;
    try {
      answer = call();
      if (!isThenable(answer)) {
        const judged = judge(answer);
        return this.#failing.delete(use) ? guarded(() => Promise.resolve(judged)) : judged;
      }
    } catch (error) {
      this.#failing.add(use);
      return guarded(() => Promise.reject(error));
    }
    this.#isAsynchronous = true;
    const pending = answer;
    return guarded(() => pending);
  }

  /** @throws SessionError that does not show the token */
  #safe(token: unknown): string {
    if (typeof token === 'string' && COOKIE_OCTETS.test(token)) return token;
    const what =
      typeof token === 'string' ? 'text that no cookie can carry' : `a value of type ${typeof token}`;
    throw new SessionError(
      `The session driver "${this.#name}" sealed a session into ${what}. seal() returns letters, digits, '-', '_' and '.'.`,
    );
  }
}
