import { withCallTimeout } from './call-timeout.js';

/**
 * A store that was made for express-session, as far as it is needed here: those of @fastify/session are the same.
 *
 * @see https://github.com/expressjs/session#session-store-implementation
 */
export interface ConnectStore {
  /** Calls back with the session kept under an id; with nothing where there is none. */
  get(sid: string, callback: (error: unknown, session?: object | null) => void): void;
  /** Keeps a session, which has a `cookie` with its expiry. */
  set(sid: string, session: object, callback: (error?: unknown) => void): void;
  /** Removes a session. */
  destroy(sid: string, callback: (error?: unknown) => void): void;
}

/** What is wrong with a store that is none of this kind. */
const CALLS_BACK = ' One that returns promises, and calls nothing back, is not made for express-session.';

/** The session kept under an id, as the store made it; undefined where there is none. */
export async function getFrom(store: ConnectStore, sid: string): Promise<unknown> {
  try {
    return await called<unknown>((done) => store.get(sid, done));
  } catch (error) {
    // What express-session takes for "there is none", and session-file-store says.
    if (isNoEntry(error)) return undefined;
    throw error;
  }
}

/** Keeps a session. */
export async function setIn(store: ConnectStore, sid: string, session: object): Promise<void> {
  await called((done) => store.set(sid, session, done));
}

/** Removes a session. No error where there is none. */
export async function destroyIn(store: ConnectStore, sid: string): Promise<void> {
  try {
    await called((done) => store.destroy(sid, done));
  } catch (error) {
    if (!isNoEntry(error)) throw error;
  }
}

/** A call that answers by a callback, as a promise. What it answers first counts. */
function called<T>(begin: (done: (error?: unknown, result?: T) => void) => unknown): Promise<T | undefined> {
  const calling = (): Promise<T | undefined> =>
    new Promise((resolve, reject) => {
      const done = (error?: unknown, result?: T): void => {
        if (error === undefined || error === null) resolve(result);
        else reject(error instanceof Error ? error : new Error('The store failed.', { cause: error }));
      };
      try {
        // An async function that throws calls nothing back, and would end the process with what nobody has caught. What it resolves to
        // says nothing: some are through before they call back.
        Promise.resolve(begin(done)).catch(done);
      } catch (error) {
        done(error);
      }
    });
  return withCallTimeout(calling, CALLS_BACK);
}

function isNoEntry(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
