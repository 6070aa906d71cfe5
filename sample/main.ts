import { ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

import type { Environment } from './environment.js';
import { furnish } from './furnish.js';
import { ShopModule } from './shop.module.js';

const app = await NestFactory.create<NestExpressApplication>(ShopModule, {
  // `furnish` brings the only parser that the shop needs: the one for forms.
  bodyParser: false,
  logger: ['warn', 'error', 'fatal'],
});
furnish(app);

// SIGTERM and Ctrl-C close the application, and with it the session driver: a Redis connection, the clean-up timer.
app.enableShutdownHooks();

const config = app.get<ConfigService<Environment, true>>(ConfigService);
await app.listen(config.get('PORT', { infer: true }));

// Nest reports the address of the socket ([::1] and the like). `localhost` is what people type.
const { port } = new URL(await app.getUrl());
console.log(`The shop is open at http://localhost:${port}`);
