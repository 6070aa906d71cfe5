import type { HttpServer } from '@nestjs/common';
import { isExpress, openOnExpress } from './express-platform.js';
import { isFastify, openOnFastify } from './fastify-platform.js';
import { keepContextOfHooks } from './hooks-in-own-context.js';
import { allInOwnContext } from './own-context.js';
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

/**
 * Lets what main.ts is about to register, before sessions are opened, run in the context of its own request. Only where the
 * server is known so early; Express's routers are seen to later, with all that they have.
 */
export function keepContextFromNowOn(adapter: HttpServer | undefined, sessions: HttpSessions): void {
  if (adapter === undefined) return;
  const instance: unknown = adapter.getInstance();
  if (!isFastify(instance)) return;
  keepContextOfHooks(instance, sessions);
  const use: unknown = Reflect.get(adapter, 'use');
  if (typeof use !== 'function') return;
  // Nest keeps what it is handed until Fastify can take middleware.
  const value = function useInOwnContext(this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(use, this, allInOwnContext(sessions, args));
  };
  Object.defineProperty(adapter, 'use', { value, writable: true, configurable: true });
}
