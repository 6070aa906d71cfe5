import { migratedId } from '../../crypto/migrated-id.js';
import { randomId } from '../../crypto/random-id.js';
import { SessionTooLargeError } from '../../session.errors.js';
import type { SessionState } from '../../state/session-state.js';
import type { ActiveSession } from '../active-session.js';
import { type TakenOver, foreignState, removed } from './taken-over.js';
import type { ForeignSession } from './session-source.js';

/** Makes a token of a session. */
type Seal = (id: string, state: SessionState) => Promise<{ token: string }> | { token: string };

/**
 * Takes over a session of another library as a token. Its id here is derived from the old session, so that
 * all parallel requests with that session get the same one, and a session that this process has recently
 * ended is not taken over again.
 *
 * @returns a token, to be opened; null if there is nothing to take over, or if it is too large for a cookie,
 * which is logged
 */
export async function takeOverSealed(
  session: ActiveSession,
  foreign: ForeignSession,
  seal: Seal,
): Promise<(TakenOver & { token: string }) | null> {
  const { fates, log } = session.runtime;
  const key = foreign.isOfUser === true ? null : foreign.key;
  const claimId = key === null ? randomId() : migratedId('claim', key);
  const id = key === null ? randomId() : migratedId('session', key);
  for (const each of [claimId, id]) {
    const fate = fates.fateOf(each);
    if (fate.kind === 'moved') session.becomeStale(fate.to);
    if (fate.kind !== 'lives') return null;
  }
  const content = await foreign.load();
  if (content === null) return null;
  try {
    const { token } = await seal(id, foreignState(session.runtime, content));
    const finish = async (): Promise<void> => {
      fates.noteMoved(claimId, id);
      await removed(foreign);
    };
    return { token, finish };
  } catch (error) {
    if (!(error instanceof SessionTooLargeError)) throw error;
    log.warn(`A session of another library was not taken over. ${error.message}`);
    return null;
  }
}
