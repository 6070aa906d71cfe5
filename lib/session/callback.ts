/** What express-session's methods take and Passport passes: called at the end, with an error or with nothing. */
export type SessionCallback = (error?: unknown) => void;

/**
 * Reports the end of an operation to a node-style callback as well.
 *
 * The promise counts as handled either way: people who write `session.save()` without waiting must not lose their
 * process to it. Nothing is hidden by that: what could not be stored is still due, and the commit before the response
 * reports it.
 */
export function withCallback<S>(pending: Promise<S>, callback: SessionCallback | undefined): Promise<S> {
  if (callback === undefined) pending.catch(() => undefined);
  else pending.then(() => callback(), callback);
  return pending;
}
