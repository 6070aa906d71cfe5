import type { CartLine } from '../cart/cart.js';
import type { CheckoutForm } from './checkout.form.js';

/** An order that was placed. */
export interface Order {
  /** Eight characters, hard to guess. */
  number: string;
  /** Epoch milliseconds. */
  placedAt: number;
  /** The account that placed it, or null for a guest. */
  userId: string | null;
  lines: readonly CartLine[];
  totalCents: number;
  address: CheckoutForm;
}
