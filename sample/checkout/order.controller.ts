import { Controller, Get, Header, NotFoundException, Param, Render } from '@nestjs/common';
import { Session } from 'nestjs-session-kit';

import { OrdersService } from './orders.service.js';

@Controller('orders')
export class OrderController {
  constructor(private readonly orders: OrdersService) {}

  /** An order of this session or of the signed-in account. For any other order the answer is 404. */
  @Get(':number')
  @Header('Cache-Control', 'no-store')
  @Render('order')
  show(@Param('number') number: string, @Session() session: Session) {
    const order = this.orders.find(number);
    const userId = session.get('userId');
    const theirs =
      session.get('orders', []).includes(number) || (userId !== undefined && order?.userId === userId);
    if (!order || !theirs) throw new NotFoundException('There is no such order.');
    return { order };
  }
}
