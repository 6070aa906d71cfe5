import type { Cart } from '../cart/cart.js';
import type { Tally } from '../parallel/tally.js';
import type { Preferences } from '../preferences/preferences.js';

// Declared once, known everywhere: `session.get('userId')` is a string; `session.put('userId', 7)` does not
// compile.
declare module 'nestjs-session-kit' {
  interface SessionData {
    /** The signed-in account. Set at sign-in only, together with a new session id. */
    userId: string;
    /** How many sign-ins have failed since the last success. */
    failedSignIns: number;
    cart: Cart;
    preferences: Preferences;
    /** The numbers of the orders placed in this session, so that a guest can see them too. */
    orders: string[];
    /** The result of the requests of the page "Fifty at once", and how many were sent. */
    parallel: Tally & { sent: number };
  }
}
