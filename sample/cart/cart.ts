import type { Product } from '../catalogue/product.js';

/** What the session keeps of a cart: quantities by product id. Names and prices are the catalogue's. */
export type Cart = Record<string, number>;

/** The most of one product that a cart takes. */
export const LARGEST_QUANTITY = 99;

/** One line of a cart as pages show it. */
export interface CartLine {
  product: Product;
  quantity: number;
  totalCents: number;
}

/** How many items a cart holds, for the header. */
export function countItems(cart: Cart = {}): number {
  return Object.values(cart).reduce((sum, quantity) => sum + quantity, 0);
}
