/**
 * A callback as express-session's methods take it and Passport passes it: called at the end, with an error or
 * with nothing. Libraries declare the error in different ways (`Error | null`, `unknown`); this type accepts
 * all of them.
 *
 * @example
 * const done: SessionCallback = (error) => (error ? next(error) : response.redirect('/'));
 * void session.save(done);
 */
export type SessionCallback = {
  // A method, because TypeScript accepts a narrower parameter type only for methods.
  call(error?: unknown): void;
}['call'];

/**
 * Runs an operation and also reports its outcome to a Node-style callback, even if the operation throws
 * synchronously. Callers that pass a callback do not expect an exception: thrown inside another callback
 * (Passport's), it would end the process.
 *
 * The promise counts as handled either way: `session.save()` without `await` must not end the process with an
 * unhandled rejection. No error is hidden by that: changes that could not be stored stay due, and the commit
 * before the response reports them.
 *
 * @param failed called with the error before anybody else gets it
 */
export function withCallback<S>(
  perform: () => Promise<S>,
  callback: SessionCallback | undefined,
  failed: (error: unknown) => void,
): Promise<S> {
  if (!isCallback(callback)) {
    const pending = perform();
    pending.catch(failed);
    return pending;
  }
  const pending = attempt(perform);
  pending.then(
    () => callback(),
    (error: unknown) => {
      failed(error);
      callback(error);
    },
  );
  return pending;
}

/**
 * Whether a callback was passed. Code written for another library may pass something else: @fastify/passport
 * gives `regenerate` a list of keys to keep.
 */
export function isCallback(given: unknown): given is SessionCallback {
  return typeof given === 'function';
}

/** Turns a synchronous exception into a rejection. */
async function attempt<S>(perform: () => Promise<S>): Promise<S> {
  return perform();
}
