import type { ConsumesFlash } from '../state/flash-aging.js';

/** The client of a request, as far as records store it. */
export interface Client {
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
}

/** The user of a request's sessions: a visitor, or code that no visitor called. */
export interface Caller {
  /** Whether it consumes flash messages. Read at a commit, and only if there are any. */
  readonly consumesFlash: ConsumesFlash;
  /**
   * The client, queried only when a record is written; null if records do not store it. `as-stored`: records
   * keep the client of the latest request.
   */
  readonly client: (() => Client) | 'as-stored' | null;
  /** Whether this counts as a visit. If not (a job, a passive route), lifetime and last visit stay unchanged. */
  readonly isVisit: boolean;
  /**
   * Whether an id that another request has just replaced still loads the session under its new id. False if
   * the id comes from a cookie: an attacker who planted it would follow `signIn` to the signed-in session
   * (session fixation).
   */
  readonly followsMoves: boolean;
}

/** An unknown client. */
const UNKNOWN_CLIENT: Client = { ipAddress: null, userAgent: null };

/** User and client of a record that must not be listed for any user. */
export const NOBODY = { userId: null, ...UNKNOWN_CLIENT };

/** A visitor about whom nothing else is known. */
export const VISITOR: Caller = { consumesFlash: true, client: null, isVisit: true, followsMoves: false };

/** The client, if the caller names it. */
export function knownClient({ client }: Caller): Client {
  return typeof client === 'function' ? client() : UNKNOWN_CLIENT;
}
