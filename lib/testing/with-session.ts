import { sessionContext } from '../session/session.context.js';
import type { SessionData } from '../session/session-data.js';
import type { Readable } from '../session/session-keys.js';
import { withoutText } from '../options/read-option.js';
import { SessionValueError } from '../session.errors.js';
import { isPlainValues } from '../state/values.js';
import { FakeSession, fakeSession } from './fake-session.js';
import { TestHost } from './test-host.js';

/**
 * The result of a function that `withSession` ran.
 *
 * @example
 * const { result, session }: WithSession<number> = await withSession({}, () => cartService.count());
 */
export interface WithSession<R> {
  /** What the function returned, or resolved to. */
  readonly result: R;
  /** The session it had; `session.did` tells what was done to it. */
  readonly session: FakeSession;
}

/**
 * Runs a function in which the facade (`Session.get(...)`) finds its own session, for a unit test of a service.
 * Changes that the function leaves are committed, as at the end of a request.
 *
 * @param values of the session; or a session from `fakeSession`, for example one with flash messages
 * @param fn may return a promise, which is awaited. It also receives the session
 * @throws SessionValueError if a value cannot be stored; also rethrows what the function throws
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
  const hosted = FakeSession.hostedOf(session);
  const { host } = hosted;
  // Code that the function leaves running no longer finds a session, as after a response.
  const setEnded = (ended: boolean): void => void (host instanceof TestHost && (host.isOver = ended));
  setEnded(false);
  try {
    const result = await sessionContext.run(hosted, async () => fn(session));
    await session.commit();
    return { result, session };
  } finally {
    setEnded(true);
  }
}
