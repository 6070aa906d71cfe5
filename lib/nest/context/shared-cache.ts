import { Observable, type Subscriber, filter } from 'rxjs';
import type { NestInterceptor } from '@nestjs/common';
import { currentSession } from '../current-session.js';

/** The signature of `intercept`. */
export type Intercept = NestInterceptor['intercept'];

/** Methods of CacheInterceptor from @nestjs/cache-manager. That package need not be installed. */
const CACHING_METHODS = ['intercept', 'trackBy', 'isRequestCacheable'];

const kept = new WeakSet<object>();

/**
 * Keeps responses for one visitor out of the cache that CacheInterceptor shares among all visitors. It caches a
 * handler's response by URL alone, so once the session has been handed out in a request, the response bypasses
 * it.
 *
 * @param interceptor any; one that is not such a cache is left unchanged
 */
export function keepOutOfCaches(interceptor: object): void {
  let holder: object | null = interceptor;
  while (holder !== null && !isCache(holder)) holder = Reflect.getPrototypeOf(holder);
  if (holder === null || kept.has(holder)) return;
  kept.add(holder);
  const intercept: unknown = Reflect.get(holder, 'intercept');
  if (isIntercept(intercept)) Reflect.set(holder, 'intercept', pastCache(intercept));
}

/** Matches the class itself but not its subclasses: a subclass's own `intercept` may change the cached value. */
function isCache(holder: object): boolean {
  return CACHING_METHODS.every((name) => Object.hasOwn(holder, name));
}

export function isIntercept(value: unknown): value is Intercept {
  return typeof value === 'function';
}

function pastCache(intercept: Intercept): Intercept {
  return async function interceptShared(this: unknown, context, next) {
    const hosted = currentSession(context);
    if (hosted === undefined) return intercept.call(this, context, next);
    let listener: Subscriber<unknown> | null = null;
    const isShared = (value: unknown): boolean => {
      if (!hosted.handedOut) return true;
      listener?.next(value);
      return false;
    };
    const answers = await intercept.call(this, context, {
      handle: () => next.handle().pipe(filter(isShared)),
    });
    return new Observable((subscriber) => {
      listener = subscriber;
      return answers.subscribe(subscriber);
    });
  };
}
