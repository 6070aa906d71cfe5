import { fileURLToPath } from 'node:url';

import type { NestExpressApplication } from '@nestjs/platform-express';
import { WsAdapter } from '@nestjs/platform-ws';
import type { NextFunction, Request, Response } from 'express';

import { AccountsService } from './accounts/accounts.service.js';
import { templateHelpers } from './pages/template-helpers.js';

/**
 * Templates and pictures are not compiled; they stay in `sample/`, next to the folder with the compiled code.
 */
const SAMPLE_FOLDER = new URL('../sample/', import.meta.url);

/**
 * The largest form that the shop accepts. Old input is flashed, and with `stealth` it has to fit into a cookie.
 */
const FORM_LIMIT = '4kb';

/** Sets up what pages need: templates, a style sheet, forms, sockets. Sessions need nothing here. */
export function furnish(app: NestExpressApplication): void {
  app.disable('x-powered-by');
  app.use(sendSecurityHeaders);

  // Before the session: files that are the same for every visitor should open no session.
  app.useStaticAssets(fileURLToPath(new URL('public/', SAMPLE_FOLDER)), {
    prefix: '/assets/',
    maxAge: '1h',
  });
  app.use(keepFromSharedCaches);
  app.useBodyParser('urlencoded', { extended: false, limit: FORM_LIMIT });

  // Plain WebSockets: browsers have everything a client needs.
  app.useWebSocketAdapter(new WsAdapter(app));

  app.setBaseViewsDir(fileURLToPath(new URL('views/', SAMPLE_FOLDER)));
  app.setViewEngine('ejs');
  for (const [name, helper] of Object.entries(templateHelpers(app.get(AccountsService)))) {
    app.setLocal(name, helper);
  }
}

/** Every page shows the visitor's own cart, so no shared cache may store it. */
function keepFromSharedCaches(_request: Request, response: Response, next: NextFunction): void {
  response.set('Cache-Control', 'private, no-cache');
  next();
}

/** Scripts from this site only, no frames, no forms that post elsewhere: the pages need none of these. */
function sendSecurityHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.set({
    'Content-Security-Policy':
      "default-src 'self'; script-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
  });
  next();
}
