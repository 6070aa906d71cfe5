import {
  BadRequestException,
  Body,
  Controller,
  Get,
  HttpStatus,
  Post,
  Redirect,
  Render,
  ValidationPipe,
} from '@nestjs/common';
import { Session } from 'nestjs-session-kit';

import { CatalogueService } from '../catalogue/catalogue.service.js';
import { localPath } from '../forms/local-path.js';
import { AddToCartForm } from './add-to-cart.form.js';
import { LARGEST_QUANTITY } from './cart.js';
import { CartService } from './cart.service.js';

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

  @Post('add')
  @Redirect('/cart', HttpStatus.SEE_OTHER)
  add(@Body(new ValidationPipe({ transform: true })) form: AddToCartForm, @Session() session: Session) {
    const product = this.catalogue.get(form.product);
    const isFull = this.cart.add(product.id, form.quantity) === LARGEST_QUANTITY;
    session.flash(
      'status',
      isFull
        ? `${product.name}: your cart has ${LARGEST_QUANTITY} now, and takes no more of it.`
        : `${product.name}: ${form.quantity} added to your cart.`,
    );
    return { url: localPath(form.backTo) ?? '/cart' };
  }

  /** Takes the whole cart at once: a field for each product, named after it. */
  @Post('change')
  @Redirect('/cart', HttpStatus.SEE_OTHER)
  change(@Body() fields: Record<string, string>, @Session() session: Session): void {
    const known = Object.entries(fields).filter(([id]) => this.catalogue.find(id));
    this.cart.change(new Map(known.map(([id, text]) => [id, parseQuantity(text)])));
    session.flash('status', 'Your cart has been changed.');
  }

  @Post('remove')
  @Redirect('/cart', HttpStatus.SEE_OTHER)
  remove(@Body('product') productId: string, @Session() session: Session): void {
    const product = this.catalogue.get(productId);
    this.cart.remove(product.id);
    session.flash('status', `${product.name} taken out of your cart.`);
  }
}

function parseQuantity(text: string): number {
  const quantity = Number(text);
  if (Number.isInteger(quantity) && quantity >= 0 && quantity <= LARGEST_QUANTITY) return quantity;
  throw new BadRequestException(`A quantity is a whole number from 0 to ${LARGEST_QUANTITY}.`);
}
