import { formerId } from '../../crypto/former-id.js';
import { randomId } from '../../crypto/random-id.js';
import type { FormerContent, FormerSession } from './session-source.js';
import { SessionTooLargeError } from '../../session.errors.js';
import type { ActiveSession } from '../active-session.js';
import { type TakenOver, formerState, removed } from './former-state.js';
import type { RecentEndings } from '../recent-endings.js';
import type { SessionRuntime } from '../session-runtime.js';
import type { SessionState } from '../../state/session-state.js';

/** Makes a token of a session. */
type Seal = (id: string, state: SessionState) => Promise<{ token: string }> | { token: string };

/**
 * Takes sessions of other libraries over into tokens. Its id here follows from the old session: so all requests that bring it at one
 * time go on with the same one, and what this process has ended lately is not taken over once more.
 */
export class SealedTakeOver {
  readonly #runtime: SessionRuntime;
  readonly #sealed: Seal;
  readonly #endings: RecentEndings;

  constructor(runtime: SessionRuntime, sealed: Seal, endings: RecentEndings) {
    this.#runtime = runtime;
    this.#sealed = sealed;
    this.#endings = endings;
  }

  /** @returns a token, to be opened; null where there is nothing to go on with */
  async take(session: ActiveSession, former: FormerSession): Promise<(TakenOver & { token: string }) | null> {
    const key = former.isOfUser === true ? null : former.key;
    const claimId = key === null ? randomId() : formerId('claim', key);
    const id = key === null ? randomId() : formerId('session', key);
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
    try {
      const { token } = await this.#sealed(id, formerState(this.#runtime, content));
      return token;
    } catch (error) {
      if (!(error instanceof SessionTooLargeError)) throw error;
      this.#runtime.log.warn(`A session of another library was not taken over. ${error.message}`);
      return null;
    }
  }

  async #settle(claimId: string, id: string, former: FormerSession): Promise<void> {
    this.#endings.moved(claimId, id);
    await removed(former);
  }
}
