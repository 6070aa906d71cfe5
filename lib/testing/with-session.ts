import { sessionContext } from '../session/session.context.js';
import type { SessionData } from '../session/session-data.js';
import type { Readable } from '../session/session-keys.js';
import { withoutText } from '../options/read-option.js';
import { SessionValueError } from '../session.errors.js';
import { isPlainValues } from '../state/values.js';
import { FakeSession, fakeSession } from './fake-session.js';
import { TestHost } from './test-host.js';

/** What came of a function that `withSession` ran. */
export interface WithSession<R> {
  /** What the function returned, or resolved to. */
  readonly result: R;
  /** The session that it had; what became of it, `session.did` tells. */
  readonly session: FakeSession;
}

/**
 * Runs a function where the facade (`Session.get(...)`) finds a session of its own: for a unit test of a service. What the
 * function leaves in it is committed, as at the end of a request.
 *
 * @param values that the session holds, or a session that `fakeSession` made, where it is to hold flash messages too
 * @param fn may return a promise, and is waited for. Gets the session as well
 * @throws SessionValueError where a value cannot be stored; and whatever the function throws
 * @example
 * const { result, session } = await withSession({ cart: ['tea'] }, () => cartService.add('milk'));
 * expect(result).toBe(2);
 * expect(session.did.values).toEqual({ cart: ['tea', 'milk'] });
 */
export async function withSession<R>(
  values: Readable<SessionData> | FakeSession,
  fn: (session: FakeSession) => R | PromiseLike<R>,
): Promise<WithSession<R>> {
  if (!(values instanceof FakeSession || isPlainValues(values)) || typeof fn !== 'function') {
    throw new SessionValueError(
      `withSession got ${withoutText(values)} and ${withoutText(fn)}; it takes an object of values, or a session that fakeSession made, and a function.`,
    );
  }
  const session = values instanceof FakeSession ? values : fakeSession(values);
  const { host } = session;
  // What the function leaves running finds no session any more, as behind a response.
  const setEnded = (ended: boolean): void => void (host instanceof TestHost && (host.isOver = ended));
  setEnded(false);
  try {
    const result = await sessionContext.run(session, async () => fn(session));
    await session.commit();
    return { result, session };
  } finally {
    setEnded(true);
  }
}
