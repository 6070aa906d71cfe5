import { migratedId } from '../../crypto/migrated-id.js';
import { randomId } from '../../crypto/random-id.js';
import { SessionTooLargeError } from '../../session.errors.js';
import type { SessionState } from '../../state/session-state.js';
import type { ActiveSession } from '../active-session.js';
import { type TakenOver, formerState, removed } from './former-state.js';
import type { FormerSession } from './session-source.js';

/** Makes a token of a session. */
type Seal = (id: string, state: SessionState) => Promise<{ token: string }> | { token: string };

/**
 * Takes a session of another library over into a token. Its id here follows from the old session: so all requests that bring it at one
 * time go on with the same one, and what this process has ended lately is not taken over once more.
 *
 * @returns a token, to be opened; null where there is nothing to go on with, or it is too large for a cookie, which the log says
 */
export async function takeOverSealed(
  session: ActiveSession,
  former: FormerSession,
  seal: Seal,
): Promise<(TakenOver & { token: string }) | null> {
  const { endings, log } = session.runtime;
  const key = former.isOfUser === true ? null : former.key;
  const claimId = key === null ? randomId() : migratedId('claim', key);
  const id = key === null ? randomId() : migratedId('session', key);
  for (const each of [claimId, id]) {
    const fate = endings.fateOf(each);
    if (fate.kind === 'moved') session.leave(fate.to);
    if (fate.kind !== 'lives') return null;
  }
  const content = await former.load();
  if (content === null) return null;
  try {
    const { token } = await seal(id, formerState(session.runtime, content));
    const settle = async (): Promise<void> => {
      endings.moved(claimId, id);
      await removed(former);
    };
    return { token, settle };
  } catch (error) {
    if (!(error instanceof SessionTooLargeError)) throw error;
    log.warn(`A session of another library was not taken over. ${error.message}`);
    return null;
  }
}
