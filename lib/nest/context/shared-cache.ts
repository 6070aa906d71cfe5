import { Observable, type Subscriber, filter } from 'rxjs';
import type { NestInterceptor } from '@nestjs/common';
import { currentSession } from '../current-session.js';

/** What an interceptor is called by. */
export type Intercept = NestInterceptor['intercept'];

/** What CacheInterceptor of @nestjs/cache-manager has beside `intercept`: that package need not be installed. */
const CACHING_METHODS = ['intercept', 'trackBy', 'isRequestCacheable'];

const kept = new WeakSet<object>();

/**
 * Keeps what belongs to one visitor out of the cache that CacheInterceptor shares among all. It keeps what a handler answers
 * by the URL alone; once the session was handed to anybody in a request, what is answered goes past it.
 *
 * @param interceptor any; one that is no such cache is left as it is
 */
export function keepOutOfCaches(interceptor: object): void {
  let holder: object | null = interceptor;
  while (holder !== null && !isCache(holder)) holder = Reflect.getPrototypeOf(holder);
  if (holder === null || kept.has(holder)) return;
  kept.add(holder);
  const intercept: unknown = Reflect.get(holder, 'intercept');
  if (isIntercept(intercept)) Reflect.set(holder, 'intercept', pastCache(intercept));
}

/** The class itself and not what inherits from it: an `intercept` of its own may change what comes out of the cache. */
function isCache(holder: object): boolean {
  return CACHING_METHODS.every((name) => Object.hasOwn(holder, name));
}

export function isIntercept(value: unknown): value is Intercept {
  return typeof value === 'function';
}

function pastCache(intercept: Intercept): Intercept {
  return async function interceptShared(this: unknown, context, next) {
    const session = currentSession(context);
    if (session === undefined) return intercept.call(this, context, next);
    let listener: Subscriber<unknown> | null = null;
    const isShared = (value: unknown): boolean => {
      if (!session.handedOut) return true;
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
