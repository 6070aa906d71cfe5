import type { DiscoveryService } from '@nestjs/core';
import { type OwnMethod, interceptorsOf, methodsOf, setInterceptors } from '../handler-methods.js';
import { SessionInterceptor } from '../session.interceptor.js';
import { commitBefore, withCommits } from './commit-before.js';

/** Metadata key that marks a handler of Server-Sent Events. */
const SSE_METADATA = '__sse__';

/**
 * Places the commit directly after each handler that `@Session()` or `@Flash()` has added the interceptor to.
 *
 * Call it once controllers and resolvers are known, before their routes are registered.
 */
export function installCommits(discovery: DiscoveryService): void {
  for (const { metatype } of [...discovery.getControllers(), ...discovery.getProviders()]) {
    for (const found of methodsOf(metatype)) {
      const interceptors = interceptorsOf(found.method);
      if (!interceptors.includes(SessionInterceptor)) continue;
      const others = interceptors.filter((interceptor) => interceptor !== SessionInterceptor);
      if (Reflect.getMetadata(SSE_METADATA, found.method) === true) commitBeforeEvents(found, others);
      else commitInnermost(found, others);
    }
  }
}

/**
 * Makes the session interceptor the innermost one. Parameter decorators run before method decorators, so it was
 * added first and is outermost. As the innermost one it commits before any other interceptor sees the value,
 * and converts a returned session to plain values before another interceptor reads its properties.
 */
function commitInnermost({ method }: OwnMethod, others: readonly unknown[]): void {
  setInterceptors(method, [...others, SessionInterceptor]);
}

/**
 * Makes a handler of Server-Sent Events commit before each event by itself, instead of through the interceptor.
 *
 * Nest awaits what such a handler resolves to before it sends the head, and uses the status of what the handler
 * throws. With an interceptor, Nest calls the handler inside of it and sends the head in the meantime: it would
 * be too late for the cookie of an asynchronous handler's changes, and for a 404.
 */
function commitBeforeEvents({ holder, name, method }: OwnMethod, others: readonly unknown[]): void {
  const value = withCommits(method, commitBefore);
  setInterceptors(value, others);
  Object.defineProperty(holder, name, { value, writable: true, configurable: true });
}
