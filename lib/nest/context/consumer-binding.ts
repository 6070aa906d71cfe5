import type { HttpServer } from '@nestjs/common';
import { MiddlewareBuilder } from '@nestjs/core';
import type { RouterBinding } from '../../http/express/router-binding.js';

const bindings = new WeakMap<HttpServer, RouterBinding>();
let isInstalled = false;

/**
 * Binds routers and applications of Express that modules hand to their `MiddlewareConsumer`: Nest hides them in classes.
 * Every module gets a consumer of its own, so the method of all consumers is replaced, once. It looks up the server of the
 * consumer when a module is configured, and changes nothing for applications without sessions.
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
