import { Module } from '@nestjs/common';

import { CatalogueModule } from '../catalogue/catalogue.module.js';
import { CartController } from './cart.controller.js';
import { CartGateway } from './cart.gateway.js';
import { CartService } from './cart.service.js';

@Module({
  imports: [CatalogueModule],
  controllers: [CartController],
  providers: [CartService, CartGateway],
  exports: [CartService],
})
export class CartModule {}
