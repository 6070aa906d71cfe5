import { fileURLToPath } from 'node:url';

import type { NestExpressApplication } from '@nestjs/platform-express';
import { WsAdapter } from '@nestjs/platform-ws';
import type { NextFunction, Request, Response } from 'express';

import { AccountsService } from './accounts/accounts.service.js';
import { templateHelpers } from './pages/template-helpers.js';

/** Templates and pictures are not compiled; they stay in `sample/`, next to the folder that the compiled code is in. */
const SAMPLE_FOLDER = new URL('../sample/', import.meta.url);

/** The largest form that the shop takes. Old input is flashed, and with `stealth` it has to fit into a cookie. */
const FORM_LIMIT = '4kb';

/** Gives the application what pages need: templates, a style sheet, forms, sockets. Sessions need nothing here. */
export function furnish(app: NestExpressApplication): void {
  app.disable('x-powered-by');
  app.use(sendSecurityHeaders);

  // Before the session: what every visitor gets alike should open no session.
  app.useStaticAssets(fileURLToPath(new URL('public/', SAMPLE_FOLDER)), {
    prefix: '/assets/',
    maxAge: '1h',
  });
  app.use(keepFromSharedCaches);
  app.useBodyParser('urlencoded', { extended: false, limit: FORM_LIMIT });

  // Plain WebSockets: browsers bring all that a client needs.
  app.useWebSocketAdapter(new WsAdapter(app));

  app.setBaseViewsDir(fileURLToPath(new URL('views/', SAMPLE_FOLDER)));
  app.setViewEngine('ejs');
  for (const [name, helper] of Object.entries(templateHelpers(app.get(AccountsService)))) {
    app.setLocal(name, helper);
  }
}

/** Every page shows the visitor's own cart, so no cache between here and the browser may keep one. */
function keepFromSharedCaches(_request: Request, response: Response, next: NextFunction): void {
  response.set('Cache-Control', 'private, no-cache');
  next();
}

/** Scripts from here only, no frame, no form that posts elsewhere: the pages need none of it. */
function sendSecurityHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.set({
    'Content-Security-Policy':
      "default-src 'self'; script-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
  });
  next();
}
