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
 * Both requests came with the old id, and it may have been planted or copied: that is no reason to be told the new one. Whoever signs
 * in gets an id that is known to nobody who has not signed in as the same user.
 *
 * @param before whose the session was when this request stood on it last
 * @param now whose it is under its new id
 * @param signsIn the user whom this request signs in; null for none
 */
export function afterMove(before: Owner, now: Owner, signsIn: string | null): AfterMove {
  const hasSignedIn = now.user !== null && (now.user !== before.user || now.signedInAt !== before.signedInAt);
  if (signsIn === null) return hasSignedIn ? 'stay' : 'share';
  if (signsIn === now.user) return 'share';
  return hasSignedIn ? 'part' : 'move';
}
