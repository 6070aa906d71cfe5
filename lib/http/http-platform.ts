import type { HttpServer } from '@nestjs/common';
import { isExpress, openOnExpress } from './express/express-platform.js';
import { bindFastify } from './fastify/fastify-binding.js';
import { isFastify, openOnFastify } from './fastify/fastify-platform.js';
import type { HttpSessions } from './http-sessions.js';
import type { RouterBinding } from './express/router-binding.js';

/**
 * Binds whatever is registered with an HTTP server from now on (middleware, hooks, routes, error handlers) to
 * the context of its request. Express routers are bound later, with everything they contain, by
 * `openOnEachRequest`.
 */
export function bindLaterRegistrations(
  adapter: HttpServer,
  sessions: HttpSessions,
  routers: RouterBinding,
): void {
  const instance: unknown = adapter.getInstance();
  if (!isFastify(instance)) return;
  bindFastify(instance, sessions, routers);
  // Express routers can be middleware on Fastify too. Nest wraps each function that it is given in another one.
  const use: CallableFunction = adapter.use.bind(adapter);
  adapter.use = (...args: unknown[]): unknown => {
    for (const each of args) routers.bindContents(each);
    return use(...args);
  };
}

/** Makes an HTTP server open the session of each request before anything registered after this call. */
export function openOnEachRequest(adapter: HttpServer, sessions: HttpSessions, routers: RouterBinding): void {
  const instance: unknown = adapter.getInstance();
  if (isFastify(instance)) openOnFastify(instance, sessions);
  else if (isExpress(instance)) openOnExpress(instance, sessions, routers);
}
