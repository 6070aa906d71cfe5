import type { DiscoveryService } from '@nestjs/core';
import { methodsOf } from '../methods-of.js';
import { SessionInterceptor } from '../session.interceptor.js';

/** Where Nest keeps the interceptors of a controller and of a handler, the outermost first. */
export const INTERCEPTORS_METADATA = '__interceptors__';

/**
 * Moves the interceptor that `@Session()` and `@Flash()` bring along behind the handler's own: parameters are decorated
 * before the handler is, so it stands in front of them. Right behind the handler, it commits before any of them sees the
 * value, and turns a session that was returned into plain values before any of them looks for properties.
 *
 * To be called when controllers and resolvers are known and their routes are not registered yet.
 */
export function commitInnermost(discovery: DiscoveryService): void {
  for (const { metatype } of [...discovery.getControllers(), ...discovery.getProviders()]) {
    if (typeof metatype !== 'function') continue;
    for (const { method } of methodsOf(metatype.prototype)) {
      const interceptors: unknown = Reflect.getOwnMetadata(INTERCEPTORS_METADATA, method);
      if (!Array.isArray(interceptors) || !interceptors.includes(SessionInterceptor)) continue;
      const others = interceptors.filter((interceptor) => interceptor !== SessionInterceptor);
      Reflect.defineMetadata(INTERCEPTORS_METADATA, [...others, SessionInterceptor], method);
    }
  }
}
