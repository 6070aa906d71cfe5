import { Module } from '@nestjs/common';

import { OrdersModule } from '../checkout/orders.module.js';
import { AccountController } from './account.controller.js';
import { AccountsService } from './accounts.service.js';
import { DevicesController } from './devices.controller.js';
import { DevicesService } from './devices.service.js';
import { SignInController } from './sign-in.controller.js';

@Module({
  imports: [OrdersModule],
  controllers: [SignInController, AccountController, DevicesController],
  providers: [AccountsService, DevicesService],
  exports: [AccountsService],
})
export class AccountsModule {}
