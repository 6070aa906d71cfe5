import { SessionError } from '../session.errors.js';
import type { SealingDriver, SessionRecord } from './driver.js';

/** What the value of a cookie may consist of (RFC 6265bis, 4.1.1). */
const COOKIE_OCTETS = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/;

/**
 * A sealing driver of the application's own. Its tokens go into the response's head as they are: one with a semicolon or a
 * line break would write cookie attributes and headers of its own, so it is refused.
 */
export class CookieSafeDriver implements SealingDriver {
  readonly #name: string;
  readonly #driver: SealingDriver;

  constructor(name: string, driver: SealingDriver) {
    this.#name = name;
    this.#driver = driver;
  }

  seal(record: SessionRecord): string | Promise<string> {
    const token = this.#driver.seal(record);
    return typeof token === 'string'
      ? this.#safe(token)
      : Promise.resolve(token).then((sealed) => this.#safe(sealed));
  }

  open(token: string): SessionRecord | null | Promise<SessionRecord | null> {
    return this.#driver.open(token);
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
