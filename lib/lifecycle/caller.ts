import type { ConsumesFlash } from '../state/flash-aging.js';

/** Who is at the other end of a request, as far as a record has a place for it. */
export interface Client {
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
}

/** Who works with the sessions of a request: a visitor, or code that no visitor called. */
export interface Caller {
  /** Whether it uses flash messages up; asked at a commit, and only where there are any. */
  readonly consumesFlash: ConsumesFlash;
  /**
   * Who is at the other end, asked only when a record is written; null where records do not say it. `as-stored`: records go on
   * saying who it was at the latest request.
   */
  readonly client: (() => Client) | 'as-stored' | null;
  /** Whether it is a visit. Where it is none (a job, a passive route), lifetime and last visit stay as they are. */
  readonly isVisit: boolean;
  /**
   * Whether a session is loaded from under the id that another request has just moved it to. False where the id comes with a cookie:
   * an attacker who had planted it would follow `signIn` to the session that is signed in (session fixation).
   */
  readonly followsMoves: boolean;
}

/** Nothing is known of who is at the other end. */
const UNKNOWN_CLIENT: Client = { ipAddress: null, userAgent: null };

/** User and client of a record that must not appear in any user's list. */
export const NOBODY = { userId: null, ...UNKNOWN_CLIENT };

/** A visitor of whom nothing further is known. */
export const VISITOR: Caller = { consumesFlash: true, client: null, isVisit: true, followsMoves: false };

/** Who is at the other end, as far as the caller says so itself. */
export function knownClient({ client }: Caller): Client {
  return typeof client === 'function' ? client() : UNKNOWN_CLIENT;
}
