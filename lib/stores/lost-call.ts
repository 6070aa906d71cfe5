/** A store that has not answered for this long, in ms, has lost the call: waiting calls continue. */
const LOST_AFTER_MS = 30_000;

/**
 * The result of a store call, within a time limit. The option `storeTimeout` only ends the request's wait: a call
 * that never settles would stay at the head of the queue of its record (PlainStoreDriver), and block every later
 * change to that session.
 *
 * @param makes starts the call
 * @param hint what may be wrong with a store that never answers
 * @throws Error if it has not answered within half a minute, also where `storeTimeout` is longer
 */
export function unlessLost<T>(makes: () => Promise<T>, hint = ''): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`The store has not answered within ${LOST_AFTER_MS / 1000} s.${hint}`));
    }, LOST_AFTER_MS);
    timer.unref();
    makes()
      .finally(() => {
        clearTimeout(timer);
      })
      .then(resolve, reject);
  });
}
