/** Whose a session is: its user, and when he signed in by `signIn`, in epoch ms. Null for nobody, and for another way. */
export interface Owner {
  readonly user: string | null;
  readonly signedInAt: number | null;
}

/**
 * What becomes of the new id that a request has asked for, where another request has moved its session meanwhile:
 *
 * - `share`: the other's new id serves this one too. Of two at once, the browser would lose one
 * - `move`: it moves on from there to its own
 * - `stay`: its changes go where the session is, and it is not told the id
 * - `part`: it begins a session of its own, with what it had loaded and written
 */
export type AfterMove = 'share' | 'move' | 'stay' | 'part';

/**
 * What this request has asked for: no new id, a new id, or one that its session is stored under already. An invalidate counts as
 * nothing: it ends what it finds there, and keeps its own id.
 */
export type AskedId = 'nothing' | 'new' | 'new-and-stored';

/**
 * What becomes of it. That it came with the old id gives no request the right to learn the new one: the old id may have been planted or
 * copied. Whoever signs in gets an id that is known to nobody who has not signed in as the same user.
 *
 * | this request ...                            | nobody signed in meanwhile | somebody did |
 * | ------------------------------------------- | -------------------------- | ------------ |
 * | asked for no id                             | `stay`                     | `stay`       |
 * | asked for an id                             | `share`                    | `stay`       |
 * | signs that same user in                     | `share`                    | `share`      |
 * | signs another user in                       | `move`                     | `part`       |
 * | ..., and is stored under its new id already | `share`                    | `stay`       |
 *
 * @param before whose the session was when this request stood on it last
 * @param now whose it is under its new id
 * @param signsIn the user whom this request signs in; null for none
 */
export function afterMove(asked: AskedId, before: Owner, now: Owner, signsIn: string | null): AfterMove {
  if (asked === 'nothing') return 'stay';
  const hasSignedIn = now.user !== null && (now.user !== before.user || now.signedInAt !== before.signedInAt);
  if (signsIn !== null && signsIn === now.user) return 'share';
  if (signsIn === null || asked === 'new-and-stored') return hasSignedIn ? 'stay' : 'share';
  return hasSignedIn ? 'part' : 'move';
}
