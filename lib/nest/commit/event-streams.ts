import type { DiscoveryService } from '@nestjs/core';
import { isObservable } from 'rxjs';
import { sessionContext } from '../../session/session.context.js';
import { commitBefore } from './commit-before.js';
import { INTERCEPTORS_METADATA } from './commit-innermost.js';
import { type Method, methodsOf } from '../methods-of.js';
import { withAnswer } from './with-answer.js';
import { SessionInterceptor } from '../session.interceptor.js';

/** Where Nest keeps that a handler sends Server-Sent Events. */
const SSE_METADATA = '__sse__';

/**
 * Has handlers of Server-Sent Events commit before each event by themselves, in place of the interceptor that `@Session()` and
 * `@Flash()` have brought along.
 *
 * Nest waits for what such a handler resolves to before it sends the head, and answers with the status of what it throws. Where there
 * is an interceptor, it calls the handler behind that, and sends the head meanwhile: the cookie of what an asynchronous handler writes
 * could not be sent any more, and nobody be answered with a 404.
 *
 * To be called when controllers are known and their routes are not registered yet.
 */
export function commitBeforeEvents(discovery: DiscoveryService): void {
  for (const { metatype } of discovery.getControllers()) {
    if (typeof metatype !== 'function') continue;
    for (const { holder, name, method } of methodsOf(metatype.prototype))
      if (Reflect.getMetadata(SSE_METADATA, method) === true) replace(holder, name, method);
  }
}

function replace(holder: object, name: string, handler: Method): void {
  const interceptors: unknown = Reflect.getMetadata(INTERCEPTORS_METADATA, handler);
  if (!Array.isArray(interceptors) || !interceptors.includes(SessionInterceptor)) return;
  const value = withAnswer(handler, committing);
  const others = interceptors.filter((interceptor) => interceptor !== SessionInterceptor);
  Reflect.defineMetadata(INTERCEPTORS_METADATA, others, value);
  Object.defineProperty(holder, name, { value, writable: true, configurable: true });
}

/** Events, each of them behind what was changed before it. */
function committing(answer: unknown): unknown {
  const session = sessionContext.getStore();
  return session !== undefined && isObservable(answer) ? commitBefore(answer, session) : answer;
}
