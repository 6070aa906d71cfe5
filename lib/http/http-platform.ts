import type { HttpServer } from '@nestjs/common';
import { isExpress, openOnExpress } from './express-platform.js';
import { isFastify, openOnFastify } from './fastify-platform.js';
import type { HttpSessions } from './http-sessions.js';

/**
 * Makes an HTTP server open the session of each request, before whatever is registered after this call; and lets all that
 * is registered after it (middleware, routes, what answers errors) run in the context of its own request.
 */
export function openOnEachRequest(adapter: HttpServer, sessions: HttpSessions): void {
  const instance: unknown = adapter.getInstance();
  if (isFastify(instance)) openOnFastify(instance, sessions);
  else if (isExpress(instance)) openOnExpress(instance, sessions);
}
