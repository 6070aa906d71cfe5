import { Controller, Get, Param, Render } from '@nestjs/common';

import { CatalogueService } from './catalogue.service.js';

/**
 * Pages that only show something. They do not mention the session, and still have the count of the cart in
 * their header: the template reads it. Visitors who only look around get no cookie, and nothing is stored for
 * them.
 */
@Controller()
export class CatalogueController {
  constructor(private readonly catalogue: CatalogueService) {}

  @Get()
  @Render('catalogue')
  shelves() {
    return { products: this.catalogue.all() };
  }

  @Get('products/:id')
  @Render('product')
  product(@Param('id') id: string) {
    return { product: this.catalogue.get(id) };
  }
}
