import { unlessLost } from './lost-call.js';
import { propertyOf } from '../state/property-of.js';

/**
 * The part of a store made for express-session that is used here; stores of @fastify/session are the same.
 *
 * @see https://github.com/expressjs/session#session-store-implementation
 * @example
 * const store: ConnectStore = new RedisStore({ client });
 * const driver = connectStore(store);
 */
export interface ConnectStore {
  /** Calls back with the session stored under an id, or with nothing if there is none. */
  get(sid: string, callback: (error: unknown, session?: object | null) => void): void;
  /** Stores a session, which has a `cookie` with its expiry. */
  set(sid: string, session: object, callback: (error?: unknown) => void): void;
  /** Removes a session. */
  destroy(sid: string, callback: (error?: unknown) => void): void;
}

/** The likely mistake if a store never calls back. */
const CALLS_BACK = ' One that returns promises, and calls nothing back, is not made for express-session.';

/** The session stored under an id, as the store returns it; undefined if there is none. */
export async function getFrom(store: ConnectStore, sid: string): Promise<unknown> {
  try {
    return await called<unknown>((done) => store.get(sid, done));
  } catch (error) {
    // express-session takes this error for "there is none"; session-file-store uses it.
    if (isNoEntry(error)) return undefined;
    throw error;
  }
}

export async function setIn(store: ConnectStore, sid: string, session: object): Promise<void> {
  await called((done) => store.set(sid, session, done));
}

/** Removes a session. Not an error if there is none. */
export async function destroyIn(store: ConnectStore, sid: string): Promise<void> {
  try {
    await called((done) => store.destroy(sid, done));
  } catch (error) {
    if (!isNoEntry(error)) throw error;
  }
}

/** Converts a call with a callback to a promise. The first answer counts. */
function called<T>(begin: (done: (error?: unknown, result?: T) => void) => unknown): Promise<T | undefined> {
  const calling = (): Promise<T | undefined> =>
    new Promise((resolve, reject) => {
      const done = (error?: unknown, result?: T): void => {
        if (error === undefined || error === null) resolve(result);
        else reject(error instanceof Error ? error : new Error('The store failed.', { cause: error }));
      };
      try {
        // An async function that throws does not call back, and its uncaught error would end the process. The
        // value it resolves to is ignored: some resolve before they call back.
        Promise.resolve(begin(done)).catch(done);
      } catch (error) {
        done(error);
      }
    });
  return unlessLost(calling, CALLS_BACK);
}

function isNoEntry(error: unknown): boolean {
  return error instanceof Error && propertyOf(error, 'code') === 'ENOENT';
}
