import type { CallHandler, ExecutionContext } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { inContextOf, sessionContext } from '../../session/session.context.js';
import type { RequestSession } from '../../session/request-session.js';
import { propertyOf } from '../../http/property-of.js';
import { holderOf } from '../methods-of.js';
import { interceptMessage } from './message-runs.js';
import { observeInContext } from './observe-in-context.js';
import { type Intercept, isIntercept, keepOutOfCaches } from '../shared-cache.js';
import { SessionInterceptor } from '../session.interceptor.js';

const boundMethods = new WeakSet<Intercept>();

/**
 * An interceptor that goes on in the context that it was called in. It is the same object, with its method bound where
 * that is: on the class, so that it is done once for all its instances, or on the object. Where that cannot be (a frozen
 * object, a Proxy), it is one that stands for it. What is no interceptor is handed back as it is.
 */
export function boundInterceptor<T>(interceptor: T): T {
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
