import { Body, Controller, Get, HttpStatus, Post, Redirect, Render, UseFilters } from '@nestjs/common';
import { FormErrorsFilter, InvalidFormException, Session } from 'nestjs-session-kit';

import { CatalogueService } from '../catalogue/catalogue.service.js';
import { formPipe } from '../forms/form.pipe.js';
import { localPath } from '../forms/local-path.js';
import { AddToCartForm } from './add-to-cart.form.js';
import { LARGEST_QUANTITY } from './cart.js';
import { CartService } from './cart.service.js';

/** Browsers enforce this too, but a form can come from anywhere. */
function isQuantity(text: unknown): boolean {
  return typeof text === 'string' && /^\d+$/.test(text) && Number(text) <= LARGEST_QUANTITY;
}

@Controller('cart')
export class CartController {
  constructor(
    private readonly cart: CartService,
    private readonly catalogue: CatalogueService,
  ) {}

  @Get()
  @Render('cart')
  show() {
    const lines = this.cart.lines();
    return { lines, totalCents: this.cart.totalCents(lines), largestQuantity: LARGEST_QUANTITY };
  }

  /** An invalid form leads back to the page it was sent from, according to the browser. */
  @Post('add')
  @UseFilters(new FormErrorsFilter({ fallback: '/cart' }))
  @Redirect('/cart', HttpStatus.SEE_OTHER)
  async add(@Body(formPipe) form: AddToCartForm, @Session() session: Session) {
    const product = this.catalogue.get(form.product);
    const isFull = this.cart.add(product.id, form.quantity) === LARGEST_QUANTITY;
    session.flash(
      'status',
      isFull
        ? `${product.name}: your cart has ${LARGEST_QUANTITY} now, and takes no more of it.`
        : `${product.name}: ${form.quantity} added to your cart.`,
    );
    await this.cart.publish();
    return { url: localPath(form.backTo) ?? '/cart' };
  }

  /** Receives the whole cart at once: one field for each product, named after it. */
  @Post('change')
  @UseFilters(new FormErrorsFilter({ form: '/cart' }))
  @Redirect('/cart', HttpStatus.SEE_OTHER)
  async change(@Session() session: Session, @Body() fields: Record<string, unknown> = {}): Promise<void> {
    const known = Object.entries(fields).filter(([id]) => this.catalogue.find(id));
    const wrong = known.filter(([, text]) => !isQuantity(text));
    if (wrong.length > 0) {
      const message = `Please enter a whole number from 0 to ${LARGEST_QUANTITY}.`;
      throw new InvalidFormException(Object.fromEntries(wrong.map(([id]) => [id, message])));
    }
    this.cart.change(new Map(known.map(([id, text]) => [id, Number(text)])));
    session.flash('status', 'Your cart has been changed.');
    await this.cart.publish();
  }

  @Post('remove')
  @Redirect('/cart', HttpStatus.SEE_OTHER)
  async remove(@Body('product') productId: string, @Session() session: Session): Promise<void> {
    const product = this.catalogue.get(productId);
    this.cart.remove(product.id);
    session.flash('status', `${product.name} taken out of your cart.`);
    await this.cart.publish();
  }
}
