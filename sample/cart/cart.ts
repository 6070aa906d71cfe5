import type { Product } from '../catalogue/product.js';

/** The cart as the session stores it: quantities by product id. Names and prices come from the catalogue. */
export type Cart = Record<string, number>;

/** The most of one product that a cart can hold. */
export const LARGEST_QUANTITY = 99;

/** One line of a cart as shown on pages. */
export interface CartLine {
  product: Product;
  quantity: number;
  totalCents: number;
}

/** How many items a cart holds, for the header. */
export function countItems(cart: Cart = {}): number {
  return Object.values(cart).reduce((sum, quantity) => sum + quantity, 0);
}
