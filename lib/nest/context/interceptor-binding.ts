import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { ApplicationConfig, DiscoveryService, ModulesContainer } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { declareBound, isBound, likeOriginal } from '../../http/bind-to-request.js';
import { propertyOf } from '../../state/property-of.js';
import { hasFunctions } from '../../options/read-option.js';
import type { HostedSession } from '../../session/hosted-session.js';
import { inContextOf, sessionContext } from '../../session/session.context.js';
import { interceptorsOf, methodsOf, ownerOf } from '../handler-methods.js';
import { SessionInterceptor } from '../session.interceptor.js';
import { interceptMessage } from './microservice-runs.js';
import { observeInContext } from './observe-in-context.js';
import { type Intercept, isIntercept, keepOutOfCaches } from './shared-cache.js';

/** Nest's wrapper of a provider, which holds one instance, or one per request, tenant or inquirer. */
type Provided = Pick<InstanceWrapper, 'getInstanceByContextId' | 'isNotMetatype'>;
type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/**
 * Binds everything an interceptor continues with (inner interceptors, pipes, the handler), and everything it
 * does with the result, to the context in which the interceptor itself was called. `next.handle()` may be
 * called from a callback that belongs to another request (a shared connection), and a handler's values may come
 * from one (an Observable that several requests wait for).
 *
 * Nest gets bound interceptors wherever it asks for one: global interceptors, instances of classes and
 * factories (including request-scoped ones), and those named by `@UseInterceptors`. Own methods, inherited
 * methods and getters are all bound. Nest asks when it registers a route; it asks on each request only for
 * request-scoped instances.
 *
 * Guards, pipes and filters need no binding: Nest awaits their results and is then back in its own context. A
 * handler without interceptors has no overhead.
 *
 * Call it once controllers and interceptors are known, before the handlers are registered.
 */
export function bindInterceptors(modules: ModulesContainer): void {
  for (const { injectables, controllers, providers } of modules.values()) {
    for (const provided of injectables.values()) bindInstances(provided);
    // Those of a class are on its `constructor`, which is among its methods.
    for (const { metatype } of [...controllers.values(), ...providers.values()])
      for (const { method } of methodsOf(metatype)) bindEach(interceptorsOf(method));
  }
}

/**
 * Binds global interceptors, too. Includes those added later, which request-scoped controllers see. Global
 * interceptors that are request-scoped themselves are among the injectables of a module.
 *
 * @param prepare called before: for each handler that Nest registers, of whatever kind, it asks for the global
 * interceptors first, and reads those of its class and method after that
 */
export function bindGlobalInterceptors(config: ApplicationConfig, prepare: () => void): void {
  const interceptors = config.getGlobalInterceptors.bind(config);
  config.getGlobalInterceptors = () => {
    prepare();
    return bindEach(interceptors());
  };
}

/** Replaces them in place: Nest keeps the list. */
function bindEach<T>(interceptors: T[]): T[] {
  interceptors.forEach((interceptor, index) => {
    const made = boundInterceptor(interceptor);
    if (made !== interceptor) interceptors[index] = made;
  });
  return interceptors;
}

/** Binds each instance when Nest asks for it. Until its constructor has run, Nest still writes to its host. */
function bindInstances(provided: Provided): void {
  const hostOf = provided.getInstanceByContextId.bind(provided);
  provided.getInstanceByContextId = (...where) => {
    const host = hostOf(...where);
    if (!host.isResolved || !(host.isConstructorCalled || provided.isNotMetatype)) return host;
    const instance: unknown = boundInterceptor(host.instance);
    return instance === host.instance ? host : { ...host, instance };
  };
}

/**
 * Returns an interceptor that continues in the context it was called in. This is the same object, with its
 * method bound where the method lives: on the class, so once for all instances, or on the object. If that is
 * impossible (a frozen object, a Proxy), it is a stand-in. A value that is no interceptor is returned as is.
 */
function boundInterceptor<T>(interceptor: T): T {
  if (!isInterceptor(interceptor) || hasBound(interceptor)) return interceptor;
  keepOutOfCaches(interceptor);
  bindInPlace(interceptor);
  if (hasBound(interceptor)) return interceptor;
  const target: NestInterceptor = interceptor;
  const value = bound((context, next) => target.intercept(context, next));
  const standIn: T = Object.create(interceptor, { intercept: { value } });
  return standIn;
}

/** Includes classes: a class with a static `intercept` can itself be an interceptor. */
function isInterceptor(value: unknown): value is NestInterceptor {
  return hasFunctions(value, 'intercept');
}

function hasBound(interceptor: NestInterceptor): boolean {
  return isBound(Reflect.get(interceptor, 'intercept'));
}

function bindInPlace(interceptor: object): void {
  const owner = ownerOf(interceptor, 'intercept');
  if (owner === null) return;
  const { holder, property } = owner;
  // SessionInterceptor calls `next.handle()` synchronously, and needs no binding.
  if (holder === SessionInterceptor.prototype) return void declareBound(property.value);
  Reflect.defineProperty(holder, 'intercept', boundProperty(property));
}

function boundProperty(descriptor: PropertyDescriptor): PropertyDescriptor {
  if (!descriptor.get) return { ...descriptor, value: bound(descriptor.value) };
  return {
    ...descriptor,
    get(this: unknown): unknown {
      const intercept: unknown = descriptor.get?.call(this);
      return isIntercept(intercept) ? bound(intercept) : intercept;
    },
  };
}

/**
 * Whether a context is that of a microservice message. A test that calls an interceptor directly may omit the
 * context.
 */
function isOfMessage(context: unknown): boolean {
  const getType = propertyOf(context, 'getType');
  return typeof getType === 'function' && Reflect.apply(getType, context, []) === 'rpc';
}

function bound(intercept: Intercept): Intercept {
  if (isBound(intercept)) return intercept;
  const wrapper: Intercept = function (this: unknown, context: ExecutionContext, next: CallHandler) {
    const own = sessionContext.getStore();
    const handleIn = (hosted: HostedSession | undefined): Observable<unknown> =>
      observeInContext(
        hosted,
        inContextOf(hosted, () => next.handle()),
      );
    return isOfMessage(context)
      ? interceptMessage((runOf) => intercept.call(this, context, { handle: () => handleIn(runOf() ?? own) }))
      : intercept.call(this, context, { handle: () => handleIn(own) });
  };
  return likeOriginal(wrapper, intercept);
}
