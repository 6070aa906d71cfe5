import { formerId } from '../crypto/former-id.js';
import type { SealingDriver } from '../drivers/driver.js';
import type { FormerSession } from './session-source.js';
import { SessionTooLargeError } from '../session.errors.js';
import type { ActiveSession } from './active-session.js';
import { type TakenOver, formerState, succeeds } from './former-state.js';
import type { RecentEndings } from './recent-endings.js';
import type { SessionRuntime } from './session-runtime.js';

/** A token is nobody's to list. */
const NOBODY = { userId: null, ipAddress: null, userAgent: null };

/**
 * Takes sessions of other libraries over into tokens. Its id here follows from the old session: so all requests that bring it at one
 * time go on with the same one, and what this process has ended lately is not taken over once more.
 */
export class SealedTakeOver {
  readonly #runtime: SessionRuntime;
  readonly #driver: SealingDriver;
  readonly #endings: RecentEndings;

  constructor(runtime: SessionRuntime, driver: SealingDriver, endings: RecentEndings) {
    this.#runtime = runtime;
    this.#driver = driver;
    this.#endings = endings;
  }

  /** @returns a token, to be opened; null where there is nothing to go on with */
  async take(session: ActiveSession, former: FormerSession): Promise<(TakenOver & { token: string }) | null> {
    const claimId = formerId('claim', former.key);
    const id = formerId('session', former.key);
    for (const each of [claimId, id]) {
      const fate = this.#endings.fateOf(each);
      if (fate.kind === 'moved') session.leave(fate.to);
      if (fate.kind !== 'lives') return null;
    }
    const content = await former.load();
    if (content === null) return null;
    const { lifetimes, clock, tokenLimit, log } = this.#runtime;
    const state = formerState(this.#runtime, content);
    const { text, payload } = state.draft(undefined, id);
    const expiresAt = lifetimes.fullExpiry(state);
    const lastActivity = clock.now();
    const token = await this.#driver.seal({
      payload: text,
      expiresAt,
      version: payload.n,
      lastActivity,
      ...NOBODY,
    });
    try {
      tokenLimit.assertFits(token.length, payload);
    } catch (error) {
      if (!(error instanceof SessionTooLargeError)) throw error;
      log.warn(`A session of another library was not taken over: ${error.message}`);
      return null;
    }
    return { token, settle: () => this.#settle(claimId, id, former) };
  }

  async #settle(claimId: string, id: string, former: FormerSession): Promise<void> {
    this.#endings.moved(claimId, id);
    if (former.remove !== undefined) await succeeds(former.remove());
  }
}
