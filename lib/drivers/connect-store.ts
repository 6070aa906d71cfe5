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

/** A store that has not called back for so long, in ms, has lost the call: what waits behind it goes on. */
const LOST_AFTER_MS = 30_000;

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
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        new Error(
          `The store has not called back within ${LOST_AFTER_MS / 1000} s. One that returns promises, and calls nothing back, is ` +
            'not made for express-session.',
        ),
      );
    }, LOST_AFTER_MS);
    timer.unref();
    const done = (error?: unknown, result?: T): void => {
      clearTimeout(timer);
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
}

function isNoEntry(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
