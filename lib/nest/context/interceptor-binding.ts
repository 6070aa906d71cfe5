import type { ApplicationConfig, DiscoveryService, ModulesContainer } from '@nestjs/core';
import { boundInterceptor } from './bound-interceptor.js';
import { INTERCEPTORS_METADATA } from '../commit/commit-innermost.js';
import { methodsOf } from '../methods-of.js';

/** Where Nest keeps what it makes of a provider: one instance, or one for each request, tenant or inquirer. */
type Provided = Pick<InstanceWrapper, 'getInstanceByContextId' | 'isNotMetatype'>;
type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];

const boundProviders = new WeakSet<Provided>();

/**
 * Binds all that an interceptor goes on to (interceptors further in, pipes, the handler), and all that it does with what
 * comes back, to the context that the interceptor itself was called in. `next.handle()` may be called from a callback
 * that belongs to another request, and so may the values of a handler: a shared connection, an Observable that several
 * requests wait for.
 *
 * Wherever Nest asks for an interceptor it is given a bound one: the global ones, the instances of classes and factories
 * (those that are made for each request too), and what `@UseInterceptors` names. Own methods, inherited ones and
 * getters are all bound. Nest asks when it registers a route, and on each request only where something is made for each request.
 *
 * Guards, pipes and filters need none of this: Nest awaits what they return, and is back in its own context then. And a
 * handler without interceptors costs nothing.
 *
 * To be called when controllers and interceptors are known and the routes are not registered yet.
 */
export function bindInterceptors(modules: ModulesContainer, config: ApplicationConfig): void {
  bindGlobals(config);
  for (const { injectables, controllers, providers } of modules.values()) {
    for (const provided of injectables.values()) bindInstances(provided);
    for (const { metatype } of [...controllers.values(), ...providers.values()]) bindNamed(metatype);
  }
}

/** Those that are added later too: controllers that are made for each request see them. */
function bindGlobals(config: ApplicationConfig): void {
  const interceptors = config.getGlobalInterceptors.bind(config);
  config.getGlobalInterceptors = () => bindEach(interceptors());
  const provided = config.getGlobalRequestInterceptors.bind(config);
  config.getGlobalRequestInterceptors = () => {
    const all = provided();
    all.forEach(bindInstances);
    return all;
  };
}

/** The interceptors of a class (itself among its methods, as `constructor`) and of its methods. */
function bindNamed(metatype: unknown): void {
  for (const { method } of methodsOf(typeof metatype === 'function' ? metatype.prototype : null)) {
    const interceptors: unknown = Reflect.getOwnMetadata(INTERCEPTORS_METADATA, method);
    if (Array.isArray(interceptors)) bindEach<unknown>(interceptors);
  }
}

/** In their own list: Nest keeps it. */
function bindEach<T>(interceptors: T[]): T[] {
  interceptors.forEach((interceptor, index) => {
    const bound = boundInterceptor(interceptor);
    if (bound !== interceptor) interceptors[index] = bound;
  });
  return interceptors;
}

/** What Nest makes later is bound when Nest comes for it. Before its constructor has run it is Nest's to write to. */
function bindInstances(provided: Provided): void {
  if (boundProviders.has(provided)) return;
  boundProviders.add(provided);
  const hostOf = provided.getInstanceByContextId.bind(provided);
  provided.getInstanceByContextId = (...where) => {
    const host = hostOf(...where);
    if (!host.isResolved || !(host.isConstructorCalled || provided.isNotMetatype)) return host;
    const instance: unknown = boundInterceptor(host.instance);
    return instance === host.instance ? host : { ...host, instance };
  };
}
