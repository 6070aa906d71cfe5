import { Module } from '@nestjs/common';
import { ConditionalModule, ConfigModule, ConfigService } from '@nestjs/config';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { SessionModule } from 'nestjs-session-kit';

import { AccountsModule } from './accounts/accounts.module.js';
import { CartModule } from './cart/cart.module.js';
import { CatalogueModule } from './catalogue/catalogue.module.js';
import { CheckoutModule } from './checkout/checkout.module.js';
import { readEnvironment } from './environment.js';
import { CrossSiteGuard } from './pages/cross-site.guard.js';
import { ErrorPageFilter } from './pages/error-page.filter.js';
import { ParallelModule } from './parallel/parallel.module.js';
import { PreferencesModule } from './preferences/preferences.module.js';
import { DatabaseModule } from './session/database.module.js';
import { sessionOptions } from './session/session-options.js';
import { SessionPageModule } from './session-page/session-page.module.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, cache: true, validate: readEnvironment }),

    // All that an application needs for its sessions. The module is global: no other module imports it.
    SessionModule.forRootAsync({ inject: [ConfigService], useFactory: sessionOptions }),

    // Only the driver `database` needs a database connection.
    ConditionalModule.registerWhen(DatabaseModule, (env) => env['SESSION_DRIVER'] === 'database', {
      debug: false,
    }),

    CatalogueModule,
    CartModule,
    AccountsModule,
    CheckoutModule,
    PreferencesModule,
    SessionPageModule,
    ParallelModule,
  ],
  providers: [
    { provide: APP_GUARD, useClass: CrossSiteGuard },
    { provide: APP_FILTER, useClass: ErrorPageFilter },
  ],
})
export class ShopModule {}
