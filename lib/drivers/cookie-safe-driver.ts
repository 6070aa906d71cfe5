import { SessionError } from '../session.errors.js';
import type { SealingDriver, SessionRecord } from './driver.js';
import { recordAnswered } from './guard/guarded-driver.js';
import type { StoreGuard } from './guard/store-guard.js';

/** The characters allowed in a cookie value (RFC 6265bis, 4.1.1). */
const COOKIE_OCTETS = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/;

/**
 * Wraps a sealing driver of the application's own. Its tokens go into the response head unchanged: a token with
 * a semicolon or a line break would inject cookie attributes or headers, so it is refused.
 *
 * Its calls are guarded like those of any other store: an asynchronous driver calls another service, such as a
 * key service.
 */
export class CookieSafeDriver implements SealingDriver {
  readonly #driver: SealingDriver;
  readonly #guard: StoreGuard;

  constructor(driver: SealingDriver, guard: StoreGuard) {
    this.#driver = driver;
    this.#guard = guard;
  }

  seal(record: SessionRecord): Promise<string> {
    const call = async (): Promise<string> => this.#driver.seal(record);
    return this.#guard.run('writing', '', {}, call, (token) => this.#safe(token));
  }

  open(token: string): Promise<SessionRecord | null> {
    const call = async (): Promise<SessionRecord | null> => this.#driver.open(token);
    return this.#guard.run('reading', '', {}, call, (record) =>
      recordAnswered(this.#guard.name, 'open', record),
    );
  }

  /** @throws SessionError that does not show the token */
  #safe(token: unknown): string {
    if (typeof token === 'string' && COOKIE_OCTETS.test(token)) return token;
    const what =
      typeof token === 'string' ? 'text that no cookie can carry' : `a value of type ${typeof token}`;
    throw new SessionError(
      `The session driver "${this.#guard.name}" sealed a session into ${what}. seal() returns letters, digits, '-', '_' and '.'.`,
    );
  }
}
