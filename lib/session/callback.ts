/** What express-session's methods take and Passport passes: called at the end, with an error or with nothing. */
export type SessionCallback = (error?: unknown) => void;

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
  const pending = callback === undefined ? perform() : attempt(perform);
  if (callback === undefined) pending.catch(() => undefined);
  else pending.then(() => callback(), callback);
  return pending;
}

/** What is thrown at once rejects as well. */
async function attempt<S>(perform: () => Promise<S>): Promise<S> {
  return perform();
}
