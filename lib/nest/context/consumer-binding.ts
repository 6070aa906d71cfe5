import type { HttpServer } from '@nestjs/common';
import { MiddlewareBuilder } from '@nestjs/core';
import type { RouterBinding } from '../../http/express/router-binding.js';

const bindings = new WeakMap<HttpServer, RouterBinding>();
let isInstalled = false;

/**
 * Binds Express routers and applications that modules pass to their `MiddlewareConsumer`, because Nest wraps
 * them in classes. Every module gets its own consumer, so the method is replaced once on the prototype. The
 * replacement looks up the consumer's server when a module is configured, and does nothing for applications
 * without sessions.
 */
export function bindConsumedRouters(server: HttpServer, routers: RouterBinding): void {
  bindings.set(server, routers);
  if (isInstalled) return;
  isInstalled = true;
  const consumers: { apply: (this: MiddlewareBuilder, ...middleware: never[]) => unknown } =
    MiddlewareBuilder.prototype;
  const before = consumers.apply;
  consumers.apply = function applyBound(...middleware) {
    for (const each of middleware.flat()) bindings.get(this.getHttpAdapter())?.bindContents(each);
    return before.apply(this, middleware);
  };
}
