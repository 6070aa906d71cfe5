import { Injectable, NotFoundException } from '@nestjs/common';

import type { Product } from './product.js';
import { PRODUCTS } from './products.js';

/** Finds the products of the shop. */
@Injectable()
export class CatalogueService {
  readonly #products = new Map(PRODUCTS.map((product) => [product.id, product]));

  /** Everything, in the order of the shelves. */
  all(): readonly Product[] {
    return PRODUCTS;
  }

  /** One product, or undefined if there is none under that id. */
  find(id: string): Product | undefined {
    return this.#products.get(id);
  }

  /** One product. @throws NotFoundException (404) if there is none under that id */
  get(id: string): Product {
    const product = this.find(id);
    if (!product) throw new NotFoundException('We do not sell that.');
    return product;
  }
}
