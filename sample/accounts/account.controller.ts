import { Controller, Get, Header, Render, UseFilters, UseGuards } from '@nestjs/common';
import { Session, SignedInGuard } from 'nestjs-session-kit';

import { OrdersService } from '../checkout/orders.service.js';
import { DevicesService } from './devices.service.js';
import { SignInFirst } from './sign-in-first.filter.js';

/**
 * The pages of a signed-in visitor. No cache keeps them, so after sign-out the back button does not show them.
 */
@Controller('account')
@UseGuards(SignedInGuard)
@UseFilters(SignInFirst)
export class AccountController {
  constructor(
    private readonly orders: OrdersService,
    private readonly devices: DevicesService,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @Render('account')
  async overview(@Session('userId') userId: string, @Session() session: Session) {
    return { orderCount: this.orders.ofAccount(userId).length, ...(await this.devices.of(userId, session)) };
  }

  @Get('orders')
  @Header('Cache-Control', 'no-store')
  @Render('account-orders')
  history(@Session('userId') userId: string) {
    return { orders: this.orders.ofAccount(userId) };
  }
}
