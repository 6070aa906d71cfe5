import type { Keyring } from '../crypto/keyring.js';
import type { SessionLog } from '../drivers/session-log.js';
import { withoutText } from '../options/read-option.js';
import { NoSessionError, SessionStoreError, SessionValueError } from '../session.errors.js';
import type { DetachedHost, EntryPoint } from '../session/detached-host.js';
import { HostedSession } from '../session/hosted-session.js';
import type { RequestSession } from '../session/request-session.js';
import { sessionContext } from '../session/session.context.js';
import { tellEnded } from './sessions-under-way.js';
import { noteRun } from './context/microservice-runs.js';
import { CAN_KEEP } from './drivers/driver-capabilities.js';
import type { Values } from '../state/values.js';
import { cloneValue } from '../state/clone-value.js';
import { isPlainValues } from '../state/values.js';

type Runnable<R> = (session: RequestSession) => R | PromiseLike<R>;

const NAME = 'the function given to SessionManager.run';

const NOT_FOUND =
  'SessionManager.run found no session under the id that it got: it has ended (signed out, destroyed, expired), or this is no ' +
  'raw id (session.id). The function was not called.';

const NOT_IN_LEDGER =
  "SessionManager.run found no session under the id that it got: it has ended, or nobody is signed in to it. The ledger of 'stealth' keeps " +
  "only those that somebody is signed in to, all others are in the visitors' cookies: hand the values along that the job needs, " +
  'run({ ... }, fn). The function was not called.';

const KEEPS_NONE =
  "SessionManager.run cannot load a session by its id: the driver keeps none, they are in the visitors' cookies. Hand the values " +
  `along that the job needs, run({ ... }, fn). ${CAN_KEEP}`;

/** The entry point of a function that runs with a stored session. */
export const JOB: EntryPoint = {
  name: NAME,
  noCookie:
    'SessionManager.run has no response that could set one: do it in a request of the visitor, or work on a copy: run(values, ...).',
  isVisit: false,
  // The application itself names the session.
  followsMoves: true,
};

/** The entry point of a function that runs with values alone. */
export const JOB_WITH_VALUES: EntryPoint = { ...JOB, storesNothing: true };

/** @throws SessionValueError if `run` was called with invalid arguments; the id stays out of the message */
export function assertRunnable(whose: unknown, fn: unknown): void {
  const isWhose = typeof whose === 'string' ? whose !== '' : isPlainValues(whose);
  if (isWhose && typeof fn === 'function') return;
  const got = isWhose ? `no function but ${withoutText(fn)}` : withoutText(whose);
  throw new SessionValueError(
    `SessionManager.run got ${got}; it takes the id of a session (session.id) or an object of values, and a function.`,
  );
}

/** The tokens of a session by its id: none for a text that is no Unicode, which no token can carry and no session has. */
export function tokensOf(id: string, keyring: Keyring): readonly string[] {
  return id.isWellFormed() ? [keyring.sign(id)] : [];
}

/**
 * Runs a function with the session that a host names. If the function destroys it, the code that called
 * `SessionManager.run` has ended it, like by `SessionManager.destroy`.
 *
 * @param hasLedger whether only sessions of signed-in users are kept
 * @throws NoSessionError, SessionStoreError, and whatever the function throws
 */
export async function runStored<R>(
  host: DetachedHost,
  fn: Runnable<R>,
  log: SessionLog,
  hasLedger: boolean,
): Promise<R> {
  const hosted = hostedInCaller(host);
  const session = await hosted.session.initiate();
  const { lifecycle } = hosted;
  // A session that is empty because its store failed is not the one asked for: the job should be retried.
  if (lifecycle.session.readonly === 'degraded') {
    throw new SessionStoreError(
      'SessionManager.run could not load the session, because its store failed. The function was not called: try it again.',
    );
  }
  if (!session.stored && lifecycle.livesInCookie) throw new NoSessionError(KEEPS_NONE);
  if (!session.stored) throw new NoSessionError(hasLedger ? NOT_IN_LEDGER : NOT_FOUND);
  const { session: loaded } = lifecycle;
  const result = await runInside(hosted, host, fn).finally(() => {
    if (lifecycle.removals?.hasEnded === true) tellEnded({ handle: loaded.storedHandle });
  });
  if (lifecycle.session.droppedChanges) {
    log.warn(
      'A session ended while the function given to SessionManager.run was running: what the function changed in it was dropped.',
    );
  }
  return result;
}

/** Runs a function with a session that holds a copy of these values and is stored nowhere. */
export function runWithValues<R>(host: DetachedHost, values: Values, fn: Runnable<R>): Promise<R> {
  const hosted = hostedInCaller(host);
  hosted.session.reset(cloneValue(values));
  return runInside(hosted, host, fn);
}

/** The session of a host, inside the request or the job under way, if there is one. */
function hostedInCaller(host: DetachedHost): HostedSession {
  host.caller = sessionContext.getStore() ?? null;
  return new HostedSession(host);
}

async function runInside<R>(hosted: HostedSession, host: DetachedHost, fn: Runnable<R>): Promise<R> {
  noteRun(hosted);
  try {
    return await sessionContext.run(hosted, async () => {
      const result = await fn(hosted.session);
      await hosted.commitDue();
      return result;
    });
  } catch (error) {
    // Background work must not store changes that the function has given up.
    hosted.abandon();
    throw error;
  } finally {
    host.end();
    hosted.hostOver();
  }
}
