/**
 * What express-session's methods take and Passport passes: called at the end, with an error or with nothing. Callbacks
 * of other libraries declare the error as they like (`Error | null`, `unknown`): all of them are taken.
 */
export type SessionCallback = {
  // Only of methods does TypeScript allow a parameter that is declared more narrowly.
  call(error?: unknown): void;
}['call'];

/**
 * Performs an operation, and reports its end to a node-style callback as well: also where it is refused at once. Callers
 * with a callback do not expect an exception, and in a callback of their own (Passport's) one would end the process.
 *
 * The promise counts as handled either way: people who write `session.save()` without waiting must not lose their
 * process to it. Nothing is hidden by that: what could not be stored is still due, and the commit before the response
 * reports it.
 */
export function withCallback<S>(
  perform: () => Promise<S>,
  callback: SessionCallback | undefined,
): Promise<S> {
  if (!isCallback(callback)) {
    const pending = perform();
    pending.catch(() => undefined);
    return pending;
  }
  const pending = attempt(perform);
  pending.then(() => callback(), callback);
  return pending;
}

/**
 * Whether there is somebody to call. Code written for another library may pass something else: @fastify/passport gives
 * `regenerate` a list of keys to keep.
 */
export function isCallback(given: unknown): given is SessionCallback {
  return typeof given === 'function';
}

/** What is thrown at once rejects as well. */
async function attempt<S>(perform: () => Promise<S>): Promise<S> {
  return perform();
}
