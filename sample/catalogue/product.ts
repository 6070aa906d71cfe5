/** Something that the shop sells. */
export interface Product {
  /** Stands in addresses and in the cart. No dots: it becomes part of a session key, `cart.<id>`. */
  id: string;
  name: string;
  description: string;
  priceCents: number;
}
