import type { HttpServer } from '@nestjs/common';
import { MiddlewareBuilder } from '@nestjs/core';
import type { RouterBinding } from '../http/express/router-binding.js';

const servers = new WeakMap<HttpServer, RouterBinding>();
let isSeen = false;

/**
 * Sees to routers and applications of Express that modules hand to their `MiddlewareConsumer`: Nest hides them in classes.
 * Every module gets a consumer of its own, so it is done to what all consumers have in common. It asks whose the consumer is
 * when a module is configured, and changes nothing for the applications of others.
 */
export function bindConsumedRouters(server: HttpServer, routers: RouterBinding): void {
  servers.set(server, routers);
  if (isSeen) return;
  isSeen = true;
  const consumers: { apply: (this: MiddlewareBuilder, ...middleware: never[]) => unknown } =
    MiddlewareBuilder.prototype;
  const before = consumers.apply;
  consumers.apply = function applyInOwnContext(...middleware) {
    const routersOfServer = servers.get(this.getHttpAdapter());
    for (const each of middleware.flat()) routersOfServer?.keep(each);
    return before.apply(this, middleware);
  };
}
