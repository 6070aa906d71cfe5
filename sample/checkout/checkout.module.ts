import { Module } from '@nestjs/common';

import { CartModule } from '../cart/cart.module.js';
import { CheckoutController } from './checkout.controller.js';
import { OrderController } from './order.controller.js';
import { OrdersModule } from './orders.module.js';

@Module({ imports: [CartModule, OrdersModule], controllers: [CheckoutController, OrderController] })
export class CheckoutModule {}
