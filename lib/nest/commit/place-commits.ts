import type { DiscoveryService } from '@nestjs/core';
import { type OwnMethod, interceptorsOf, methodsOf, setInterceptors } from '../handler-methods.js';
import { SessionInterceptor } from '../session.interceptor.js';
import { commitBefore, withCommits } from './commit-before.js';

/** Where Nest keeps that a handler sends Server-Sent Events. */
const SSE_METADATA = '__sse__';

/**
 * Puts the commit right behind each handler for which `@Session()` or `@Flash()` has brought the interceptor along.
 *
 * To be called when controllers and resolvers are known and their routes are not registered yet.
 */
export function commitBehindHandlers(discovery: DiscoveryService): void {
  for (const { metatype } of [...discovery.getControllers(), ...discovery.getProviders()]) {
    if (typeof metatype !== 'function') continue;
    for (const found of methodsOf(metatype.prototype)) {
      const interceptors = interceptorsOf(found.method);
      if (!interceptors.includes(SessionInterceptor)) continue;
      const others = interceptors.filter((interceptor) => interceptor !== SessionInterceptor);
      if (Reflect.getMetadata(SSE_METADATA, found.method) === true) commitBeforeEvents(found, others);
      else commitInnermost(found, others);
    }
  }
}

/**
 * Moves the interceptor behind the handler's own: parameters are decorated before the handler is, so it stands in front of them.
 * Right behind the handler, it commits before any of them sees the value, and turns a session that was returned into plain values
 * before any of them looks for properties.
 */
function commitInnermost({ method }: OwnMethod, others: readonly unknown[]): void {
  setInterceptors(method, [...others, SessionInterceptor]);
}

/**
 * Has a handler of Server-Sent Events commit before each event by itself, in place of the interceptor.
 *
 * Nest waits for what such a handler resolves to before it sends the head, and answers with the status of what it throws. Where there
 * is an interceptor, it calls the handler behind that, and sends the head meanwhile: the cookie of what an asynchronous handler writes
 * could not be sent any more, and nobody be answered with a 404.
 */
function commitBeforeEvents({ holder, name, method }: OwnMethod, others: readonly unknown[]): void {
  const value = withCommits(method, commitBefore);
  setInterceptors(value, others);
  Object.defineProperty(holder, name, { value, writable: true, configurable: true });
}
