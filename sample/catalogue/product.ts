/** A product of the shop. */
export interface Product {
  /** Used in URLs and in the cart. No dots: it becomes part of a session key, `cart.<id>`. */
  id: string;
  name: string;
  description: string;
  priceCents: number;
}
