import type { DiscoveryService } from '@nestjs/core';
import { isObservable } from 'rxjs';
import { abandoned, commitBefore } from './commit-before.js';
import { discardValue } from './discard-value.js';
import { sessionContext } from './session.context.js';
import { SessionInterceptor } from './session.interceptor.js';
import { RequestSession } from './session/request-session.js';

/** Where Nest keeps the path of a route, and the interceptors of a handler. */
const PATH_METADATA = 'path';
const INTERCEPTORS_METADATA = '__interceptors__';

type Handler = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Lets the HTTP handlers that bring the interceptor along do its work themselves: commit, then hand their value on.
 *
 * The same promise at half the cost: a handler with any interceptor, were it one that does nothing, sends each request
 * through a dozen of Nest's Observables, which take longer than all that the session does. So the work is done right
 * behind the handler, inside the exception filters and inside the other interceptors. Controllers that are made anew
 * for each request, resolvers and gateways keep the interceptor.
 *
 * To be called when controllers exist and their routes are not registered yet.
 */
export function commitInHandlers(discovery: DiscoveryService): void {
  for (const wrapper of discovery.getControllers()) {
    const controller: unknown = wrapper.instance;
    if (!isObject(controller) || !wrapper.isDependencyTreeStatic()) continue;
    // A frozen controller keeps the interceptor too.
    if (Object.isExtensible(controller)) replaceHandlers(controller);
  }
}

/** On the controller of this application itself: its class may serve others, with other modules. */
function replaceHandlers(controller: object): void {
  for (const name of methodNames(controller)) {
    const handler: unknown = Reflect.get(controller, name);
    if (!isFunction(handler) || !Reflect.hasMetadata(PATH_METADATA, handler)) continue;
    const interceptors: unknown = Reflect.getMetadata(INTERCEPTORS_METADATA, handler);
    if (!Array.isArray(interceptors) || !interceptors.includes(SessionInterceptor)) continue;
    const replacement = committing(handler);
    const others = interceptors.filter((interceptor) => interceptor !== SessionInterceptor);
    Reflect.defineMetadata(INTERCEPTORS_METADATA, others, replacement);
    Object.defineProperty(controller, name, { value: replacement, writable: true, configurable: true });
  }
}

function committing(handler: Handler): Handler {
  function commitAfter(this: unknown, ...args: unknown[]): unknown {
    const result = handler.apply(this, args);
    // Where somebody's callback lost the context, the arguments still know.
    const session = sessionContext.getStore() ?? args.find((each) => each instanceof RequestSession);
    if (session === undefined) return result;
    return isThenable(result) ? commitLater(result, session) : commitFirst(result, session);
  }
  // What guards, interceptors and other libraries ask of a handler, its name and metadata, is the handler's own.
  Reflect.deleteProperty(commitAfter, 'name');
  Reflect.deleteProperty(commitAfter, 'length');
  Reflect.setPrototypeOf(commitAfter, handler);
  return commitAfter;
}

async function commitLater(result: PromiseLike<unknown>, session: RequestSession): Promise<unknown> {
  return commitFirst(await result, session);
}

function commitFirst(result: unknown, session: RequestSession): unknown {
  if (isObservable(result)) return commitBefore(result, session);
  const pending = session.commitDue();
  if (pending === undefined) return result;
  return pending.then(
    () => result,
    (error: unknown) => {
      discardValue(result);
      throw abandoned(session, error);
    },
  );
}

/** Of an object and all that it inherits. */
function methodNames(controller: object): Set<string> {
  const names = new Set<string>();
  let proto = Reflect.getPrototypeOf(controller);
  for (; proto !== null && proto !== Object.prototype; proto = Reflect.getPrototypeOf(proto)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(proto))) {
      if (name !== 'constructor' && typeof value === 'function') names.add(name);
    }
  }
  return names;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isFunction(value: unknown): value is Handler {
  return typeof value === 'function';
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isObject(value) && 'then' in value && typeof value.then === 'function';
}
