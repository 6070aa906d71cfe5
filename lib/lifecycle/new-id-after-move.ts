/**
 * The owner of a session: its user, and when that user signed in by `signIn`, in epoch ms. Null for no user,
 * and for a sign-in by other means.
 */
export interface Owner {
  readonly user: string | null;
  readonly signedInAt: number | null;
}

/**
 * What happens to the new id that a request asked for, if another request has moved its session meanwhile:
 *
 * - `share`: this request takes the other's new id. With two new ids at once, the browser would lose one
 * - `move`: the session moves on from there to this request's id
 * - `stay`: the changes follow the session, but this request does not learn the id
 * - `separate`: this request begins a session of its own, with what it had loaded and written
 */
export type AfterMove = 'share' | 'move' | 'stay' | 'separate';

/**
 * What this request asked for: no new id, a new id, or a new id under which its session is already stored. An
 * `invalidate` counts as `nothing`: it ends the session it finds, and keeps its own id.
 */
export type AskedId = 'nothing' | 'new' | 'new-and-stored';

/**
 * Decides what happens to the new id. Coming with the old id does not entitle a request to learn the new one:
 * the old id may have been planted or copied. A sign-in gets an id known only to requests that signed in as
 * the same user.
 *
 * | this request ...                            | nobody signed in meanwhile | somebody did |
 * | ------------------------------------------- | -------------------------- | ------------ |
 * | asked for no id                             | `stay`                     | `stay`       |
 * | asked for an id                             | `share`                    | `stay`       |
 * | signs that same user in                     | `share`                    | `share`      |
 * | signs another user in                       | `move`                     | `separate`   |
 * | ..., and is stored under its new id already | `share`                    | `stay`       |
 *
 * @param before the owner when this request last loaded or stored the session
 * @param now the owner under the new id
 * @param signsIn the user that this request signs in; null for none
 */
export function afterMove(asked: AskedId, before: Owner, now: Owner, signsIn: string | null): AfterMove {
  if (asked === 'nothing') return 'stay';
  const hasSignedIn = now.user !== null && (now.user !== before.user || now.signedInAt !== before.signedInAt);
  if (signsIn !== null && signsIn === now.user) return 'share';
  if (signsIn === null || asked === 'new-and-stored') return hasSignedIn ? 'stay' : 'share';
  return hasSignedIn ? 'separate' : 'move';
}
