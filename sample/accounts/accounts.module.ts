import { Module } from '@nestjs/common';

import { OrdersModule } from '../checkout/orders.module.js';
import { AccountController } from './account.controller.js';
import { AccountsService } from './accounts.service.js';
import { SignInController } from './sign-in.controller.js';

@Module({
  imports: [OrdersModule],
  controllers: [SignInController, AccountController],
  providers: [AccountsService],
  exports: [AccountsService],
})
export class AccountsModule {}
