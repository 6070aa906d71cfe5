import { randomBytes } from 'node:crypto';

import { Injectable } from '@nestjs/common';

import type { Order } from './order.js';

/**
 * Stores the orders. They are business data, so they do not belong in the session: a session ends, an order
 * does not. A real shop writes them to its database; here they last as long as the process.
 */
@Injectable()
export class OrdersService {
  readonly #orders = new Map<string, Order>();

  /** Stores an order. @returns the order with its number */
  place(order: Omit<Order, 'number' | 'placedAt'>): Order {
    const placed = { ...order, number: randomBytes(4).toString('hex').toUpperCase(), placedAt: Date.now() };
    this.#orders.set(placed.number, placed);
    return placed;
  }

  /** The order with a number, or undefined. */
  find(number: string): Order | undefined {
    return this.#orders.get(number);
  }

  /** The orders of an account, newest first. */
  ofAccount(userId: string): Order[] {
    return [...this.#orders.values()].filter((order) => order.userId === userId).toReversed();
  }
}
