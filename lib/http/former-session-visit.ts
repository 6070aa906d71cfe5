import type { CookieInstruction } from '../lifecycle/cookie-instruction.js';
import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import type { CookiePlace } from './cookie/cookie-place.js';
import { type FormerCookies, type FoundFormerSession, expireFormer } from './cookie/former-cookies.js';
import type { RawResponse } from './raw-http.js';

/** A request that may bring a session of another library, which is to go on here (option `migrate`). */
export class FormerSessionVisit {
  readonly #cookies: FormerCookies;
  readonly #header: string;
  readonly #res: RawResponse;
  /** Undefined until it is looked for; null where the request brings none after all. */
  #found: FoundFormerSession | null | undefined;
  /** Whether the session of the request is one that goes on here from now on. */
  #tookOver = false;
  /** Whether its cookie leaves the browser with this response. */
  #isLeft = false;

  constructor(cookies: FormerCookies, header: string, res: RawResponse) {
    this.#cookies = cookies;
    this.#header = header;
    this.#res = res;
  }

  get #session(): FoundFormerSession | null {
    if (this.#found === undefined) this.#found = this.#cookies.find(this.#header);
    return this.#found;
  }

  /** Has it go on here, where there is one, and ends it there once the browser has its cookie of here. */
  readonly takeOver = async (life: SessionLifecycle): Promise<void> => {
    const found = this.#session;
    if (found === null) return;
    const taken = await life.loads.takeOver(found.former);
    if (taken === null) return;
    this.#tookOver = true;
    this.#res.once('finish', () => {
      // What was on its way together with this request has been read by then.
      if (this.#isLeft) setImmediate(() => void taken.settle());
    });
  };

  /**
   * The Set-Cookie headers that rid the browser of the old cookies: where the session goes on here, and where one of this application
   * begins or ends beside it, so that nobody who signs out is signed in again by what was left.
   *
   * @param now where the session cookie of this application lies
   * @param isSent whether they leave with the response, and are no mere question
   */
  expire(instruction: CookieInstruction, now: CookiePlace, isSent: boolean): string[] {
    const isDue = instruction.kind === 'expire' || (instruction.kind === 'set' && instruction.fresh);
    const found = this.#tookOver || isDue ? this.#session : null;
    if (found === null) return [];
    if (isSent && !this.#isLeft) {
      this.#isLeft = true;
      // The guard before its store says what fails.
      if (!this.#tookOver) found.former.remove?.().catch(() => undefined);
    }
    return expireFormer(found, this.#header, now);
  }
}
