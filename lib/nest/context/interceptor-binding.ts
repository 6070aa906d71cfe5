import type { CallHandler, ExecutionContext } from '@nestjs/common';
import type { ApplicationConfig, DiscoveryService, ModulesContainer } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { propertyOf } from '../../http/property-of.js';
import type { RequestSession } from '../../session/request-session.js';
import { inContextOf, sessionContext } from '../../session/session.context.js';
import { holderOf, interceptorsOf, methodsOf } from '../handler-methods.js';
import { SessionInterceptor } from '../session.interceptor.js';
import { interceptMessage } from './microservice-runs.js';
import { observeInContext } from './observe-in-context.js';
import { type Intercept, isIntercept, keepOutOfCaches } from './shared-cache.js';

/** Where Nest keeps what it makes of a provider: one instance, or one for each request, tenant or inquirer. */
type Provided = Pick<InstanceWrapper, 'getInstanceByContextId' | 'isNotMetatype'>;
type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];

const boundProviders = new WeakSet<Provided>();
const boundMethods = new WeakSet<Intercept>();

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

/**
 * Those that are added later too: controllers that are made for each request see them. Global ones that are made for each request
 * themselves are among the injectables of a module.
 */
function bindGlobals(config: ApplicationConfig): void {
  const interceptors = config.getGlobalInterceptors.bind(config);
  config.getGlobalInterceptors = () => bindEach(interceptors());
}

/** The interceptors of a class (itself among its methods, as `constructor`) and of its methods. */
function bindNamed(metatype: unknown): void {
  for (const { method } of methodsOf(typeof metatype === 'function' ? metatype.prototype : null))
    bindEach(interceptorsOf(method));
}

/** In their own list: Nest keeps it. */
function bindEach<T>(interceptors: T[]): T[] {
  interceptors.forEach((interceptor, index) => {
    const made = boundInterceptor(interceptor);
    if (made !== interceptor) interceptors[index] = made;
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

/**
 * An interceptor that goes on in the context that it was called in. It is the same object, with its method bound where
 * that is: on the class, so that it is done once for all its instances, or on the object. Where that cannot be (a frozen
 * object, a Proxy), it is one that stands for it. What is no interceptor is handed back as it is.
 */
function boundInterceptor<T>(interceptor: T): T {
  if (!isObject(interceptor) || needsNothing(interceptor)) return interceptor;
  keepOutOfCaches(interceptor);
  bindInPlace(interceptor);
  if (needsNothing(interceptor)) return interceptor;
  const target: object = interceptor;
  const value = bound((context, next) => methodOf(target)?.call(target, context, next) ?? next.handle());
  const standIn: T = Object.create(interceptor, { intercept: { value } });
  return standIn;
}

/** Classes among them: one may be an interceptor itself, by a static method. */
function isObject(value: unknown): value is object {
  return typeof value === 'function' || (typeof value === 'object' && value !== null);
}

function needsNothing(interceptor: object): boolean {
  const intercept = methodOf(interceptor);
  return intercept === undefined || boundMethods.has(intercept);
}

function methodOf(interceptor: object): Intercept | undefined {
  const intercept: unknown = Reflect.get(interceptor, 'intercept');
  return isIntercept(intercept) ? intercept : undefined;
}

function bindInPlace(interceptor: object): void {
  const holder = holderOf(interceptor, 'intercept');
  const descriptor = holder && Object.getOwnPropertyDescriptor(holder, 'intercept');
  if (!holder || !descriptor) return;
  // SessionInterceptor calls `next.handle()` synchronously, and needs no binding.
  if (holder === SessionInterceptor.prototype) return void boundMethods.add(descriptor.value);
  Reflect.defineProperty(holder, 'intercept', boundProperty(descriptor));
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

/** Of a microservice. A test that calls an interceptor itself may leave the context out. */
function isOfMessage(context: unknown): boolean {
  const getType = propertyOf(context, 'getType');
  return typeof getType === 'function' && Reflect.apply(getType, context, []) === 'rpc';
}

function bound(intercept: Intercept): Intercept {
  if (boundMethods.has(intercept)) return intercept;
  const wrapper: Intercept = function (this: unknown, context: ExecutionContext, next: CallHandler) {
    const own = sessionContext.getStore();
    const handleIn = (session: RequestSession | undefined): Observable<unknown> =>
      observeInContext(
        session,
        inContextOf(session, () => next.handle()),
      );
    return isOfMessage(context)
      ? interceptMessage((runOf) => intercept.call(this, context, { handle: () => handleIn(runOf() ?? own) }))
      : intercept.call(this, context, { handle: () => handleIn(own) });
  };
  boundMethods.add(wrapper);
  return Object.defineProperty(wrapper, 'name', { value: intercept.name });
}
