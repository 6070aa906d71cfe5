import { Injectable } from '@nestjs/common';
import { Session } from 'nestjs-session-kit';

import { CatalogueService } from '../catalogue/catalogue.service.js';
import { CartGateway } from './cart.gateway.js';
import { type CartLine, countItems, LARGEST_QUANTITY } from './cart.js';

/**
 * The visitor's cart. It is kept in their session, which this service reaches from anywhere as `Session`: no
 * controller has to pass it along.
 *
 * Every method says what should change, not what the outcome is. So nothing is lost when a visitor has two tabs
 * open, or clicks faster than the shop answers: where two requests overlap, the later one is replayed on what
 * the first one stored.
 */
@Injectable()
export class CartService {
  constructor(
    private readonly catalogue: CatalogueService,
    private readonly gateway: CartGateway,
  ) {}

  /**
   * Adds some of a product to the cart, up to the maximum quantity. Two requests at once: both count. (Without
   * that limit it would be `Session.increment`.)
   *
   * @returns how many of it are in the cart now
   */
  add(productId: string, quantity: number): number {
    const key = `cart.${productId}`;
    Session.update<number>(key, (present = 0) => Math.min(present + quantity, LARGEST_QUANTITY));
    return Session.get<number>(key, 0);
  }

  /**
   * Sets several quantities at once; 0 removes the line. The function works on the latest cart, so what another
   * tab added meanwhile stays.
   */
  change(quantities: ReadonlyMap<string, number>): void {
    Session.update('cart', (cart = {}) => {
      const changed = Object.entries({ ...cart, ...Object.fromEntries(quantities) });
      return Object.fromEntries(changed.filter(([, quantity]) => quantity > 0));
    });
  }

  /** Takes a product out of the cart. */
  remove(productId: string): void {
    Session.forget(`cart.${productId}`);
  }

  /** Empties the cart. */
  clear(): void {
    Session.forget('cart');
  }

  /**
   * Stores the changes of this request, and shows the count of the cart in the visitor's other tabs. The count
   * is sent after the commit, which merges concurrent changes: so the count is that of the stored cart.
   */
  async publish(): Promise<void> {
    await Session.commit();
    this.gateway.showCount(Session.handle, countItems(Session.get('cart')));
  }

  /** The lines of the cart. A product that is no longer sold is left out. */
  lines(): CartLine[] {
    return Object.entries(Session.get('cart', {})).flatMap(([id, quantity]) => {
      const product = this.catalogue.find(id);
      return product ? [{ product, quantity, totalCents: product.priceCents * quantity }] : [];
    });
  }

  /** The total of some lines, in cents. */
  totalCents(lines: readonly CartLine[]): number {
    return lines.reduce((sum, line) => sum + line.totalCents, 0);
  }
}
