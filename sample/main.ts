import { ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

import type { Environment } from './environment.js';
import { furnish } from './furnish.js';
import { whyNotListening } from './listening.js';
import { ShopModule } from './shop.module.js';

const app = await NestFactory.create<NestExpressApplication>(ShopModule, {
  // `furnish` adds the only parser that the shop needs: the one for forms.
  bodyParser: false,
  logger: ['warn', 'error', 'fatal'],
});
furnish(app);

// SIGTERM and Ctrl-C close the application and its session driver (a Redis connection, the clean-up timer).
app.enableShutdownHooks();

const config = app.get<ConfigService<Environment, true>>(ConfigService);
const wanted = config.get('PORT', { infer: true });
const host = config.get('HOST', { infer: true });
try {
  await app.listen(wanted, host);
} catch (error) {
  await app.close();
  console.error(`The shop cannot start: ${whyNotListening(error, wanted, host)}`);
  process.exit(1);
}

// Nest reports the address of the socket (127.0.0.1, [::1] and the like). `localhost` is what people type.
const url = new URL(await app.getUrl());
const isHere = ['127.0.0.1', '[::1]', '[::]', '0.0.0.0'].includes(url.hostname);
if (isHere) url.hostname = 'localhost';
console.log(`The shop is open at ${url.origin}`);
