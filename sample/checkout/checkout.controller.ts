import { Body, Controller, Get, HttpStatus, Post, Redirect, Res, UseFilters } from '@nestjs/common';
import type { Response } from 'express';
import { FormErrorsFilter, Session } from 'nestjs-session-kit';

import { CartService } from '../cart/cart.service.js';
import { formPipe } from '../forms/form.pipe.js';
import { CheckoutForm } from './checkout.form.js';
import { OrdersService } from './orders.service.js';

@Controller('checkout')
export class CheckoutController {
  constructor(
    private readonly cart: CartService,
    private readonly orders: OrdersService,
  ) {}

  /**
   * Has two kinds of response, so it uses the response object. What it flashes is stored before either is sent.
   */
  @Get()
  form(@Res() response: Response): void {
    const lines = this.cart.lines();
    if (lines.length === 0) {
      Session.flash('status', 'Your cart is empty.');
      response.redirect(HttpStatus.SEE_OTHER, '/cart');
      return;
    }
    response.render('checkout', { lines, totalCents: this.cart.totalCents(lines) });
  }

  @Post()
  @UseFilters(new FormErrorsFilter({ form: '/checkout' }))
  @Redirect('/cart', HttpStatus.SEE_OTHER)
  async placeOrder(@Body(formPipe) address: CheckoutForm, @Session() session: Session) {
    const lines = this.cart.lines();
    if (lines.length === 0) {
      session.flash('status', 'Your cart is empty. Perhaps this order was placed in another tab?');
      return { url: '/cart' };
    }
    const order = this.orders.place({
      userId: session.get('userId') ?? null,
      lines,
      totalCents: this.cart.totalCents(lines),
      address,
    });
    this.cart.clear();
    // The session remembers the order number, so that whoever placed it may see it, signed in or not.
    session.push('orders', order.number).flash('status', 'Thank you. Your order has been placed.');
    await this.cart.publish();
    return { url: `/orders/${order.number}` };
  }
}
