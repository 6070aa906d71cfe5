import type { SignIn } from '../../state/payload.js';

let lastTime = -Infinity;
let lastOrder = 0;

/** A sign-in at a time in epoch ms. Later sign-ins of this process in the same millisecond rank after it. */
export function signInAt(now: number, user: string): SignIn {
  lastOrder = now === lastTime ? lastOrder + 1 : 0;
  lastTime = now;
  return lastOrder === 0 ? [now, user] : [now, user, lastOrder];
}
