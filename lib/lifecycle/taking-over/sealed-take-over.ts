import { migratedId } from '../../crypto/migrated-id.js';
import { randomId } from '../../crypto/random-id.js';
import type { SealingDriver } from '../../drivers/driver.js';
import type { FormerContent, FormerSession } from './session-source.js';
import { SessionTooLargeError } from '../../session.errors.js';
import type { ActiveSession } from '../active-session.js';
import { type TakenOver, formerState, removed } from './former-state.js';
import type { RecentEndings } from '../recent-endings.js';
import type { SessionRuntime } from '../session-runtime.js';

/** A token is nobody's to list. */
export const NOBODY = { userId: null, ipAddress: null, userAgent: null };

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
    const key = former.isOfUser === true ? null : former.key;
    const claimId = key === null ? randomId() : migratedId('claim', key);
    const id = key === null ? randomId() : migratedId('session', key);
    for (const each of [claimId, id]) {
      const fate = this.#endings.fateOf(each);
      if (fate.kind === 'moved') session.leave(fate.to);
      if (fate.kind !== 'lives') return null;
    }
    const content = await former.load();
    const token = content === null ? null : await this.#seal(id, content);
    return token === null ? null : { token, settle: () => this.#settle(claimId, id, former) };
  }

  /** Null where it is too large for a cookie, which the log says. */
  async #seal(id: string, content: FormerContent): Promise<string | null> {
    const { lifetimes, clock, tokenLimit, log } = this.#runtime;
    const state = formerState(this.#runtime, content);
    const { text, payload } = state.draft(undefined, id);
    const token = await this.#driver.seal({
      payload: text,
      expiresAt: lifetimes.fullExpiry(state),
      version: payload.n,
      lastActivity: clock.now(),
      ...NOBODY,
    });
    try {
      tokenLimit.assertFits(token.length, payload);
      return token;
    } catch (error) {
      if (!(error instanceof SessionTooLargeError)) throw error;
      log.warn(`A session of another library was not taken over. ${error.message}`);
      return null;
    }
  }

  async #settle(claimId: string, id: string, former: FormerSession): Promise<void> {
    this.#endings.moved(claimId, id);
    await removed(former);
  }
}
