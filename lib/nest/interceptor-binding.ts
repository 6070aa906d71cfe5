import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { Observable } from 'rxjs';
import { INTERCEPTORS_METADATA, methodsOf } from './commit-innermost.js';
import { inContextOf, sessionContext } from '../session/session.context.js';
import { SessionInterceptor } from './session.interceptor.js';
import type { RequestSession } from '../session/request-session.js';

type Intercept = NestInterceptor['intercept'];

const boundMethods = new WeakSet<object>();

/**
 * Binds all that an interceptor goes on to (interceptors further in, pipes, the handler), and all that it does with what
 * comes back, to the context that the interceptor itself was called in. `next.handle()` may be called from a callback
 * that belongs to another request, and so may the values of a handler: a shared connection, an Observable that several
 * requests wait for.
 *
 * Guards, pipes and filters need none of this: Nest awaits what they return, and is back in its own context then. And a
 * handler without interceptors costs nothing.
 *
 * To be called when controllers and interceptors are known and the routes are not registered yet.
 */
export function bindInterceptors(modules: ModulesContainer, config: ApplicationConfig): void {
  for (const interceptor of config.getGlobalInterceptors()) bindInterceptor(interceptor);
  for (const { metatype } of config.getGlobalRequestInterceptors()) bindInterceptor(prototypeOf(metatype));
  for (const { injectables, controllers, providers } of modules.values()) {
    for (const { metatype, instance } of injectables.values()) {
      bindInterceptor(instance);
      bindInterceptor(prototypeOf(metatype));
    }
    for (const { metatype } of [...controllers.values(), ...providers.values()]) {
      for (const interceptor of namedBy(metatype)) bindInterceptor(interceptor);
    }
  }
}

/** The interceptors of a class (itself among its methods, as `constructor`) and of its methods, of those that are given as objects. */
function namedBy(metatype: unknown): unknown[] {
  return methodsOf(prototypeOf(metatype)).flatMap((method) => {
    const interceptors: unknown = Reflect.getOwnMetadata(INTERCEPTORS_METADATA, method);
    return Array.isArray(interceptors) ? interceptors.map((each): unknown => each) : [];
  });
}

function prototypeOf(metatype: unknown): object | null {
  const prototype: unknown = typeof metatype === 'function' ? metatype.prototype : null;
  return typeof prototype === 'object' ? prototype : null;
}

function parentOf(object: object): object | null {
  const parent = Reflect.getPrototypeOf(object);
  return parent === Object.prototype ? null : parent;
}

/** Where the method is: on the class, so that it is done once for all its instances, or on the object. */
function bindInterceptor(interceptor: unknown): void {
  let holder = typeof interceptor === 'object' ? interceptor : null;
  while (holder !== null && !Object.hasOwn(holder, 'intercept')) holder = parentOf(holder);
  // Ours goes on at once.
  if (holder === null || holder === SessionInterceptor.prototype) return;
  const descriptor = Object.getOwnPropertyDescriptor(holder, 'intercept');
  const intercept: unknown = descriptor?.value;
  if (!isIntercept(intercept) || boundMethods.has(intercept)) return;
  const value = bound(intercept);
  if (Reflect.defineProperty(holder, 'intercept', { ...descriptor, value })) boundMethods.add(value);
}

function isIntercept(value: unknown): value is Intercept {
  return typeof value === 'function';
}

function bound(intercept: Intercept): Intercept {
  const wrapper: Intercept = function (this: unknown, context: ExecutionContext, next: CallHandler) {
    const session = sessionContext.getStore();
    const handle = (): Observable<unknown> => answerOf(session, next);
    return intercept.call(this, context, { handle });
  };
  return Object.defineProperty(wrapper, 'name', { value: intercept.name });
}

/** What a handler answers, asked for and handed on in this context. */
function answerOf(session: RequestSession | undefined, next: CallHandler): Observable<unknown> {
  const answers = inContextOf(session, () => next.handle());
  return new Observable((subscriber) =>
    inContextOf(session, () =>
      answers.subscribe({
        next: (value) => inContextOf(session, () => subscriber.next(value)),
        error: (error) => inContextOf(session, () => subscriber.error(error)),
        complete: () => inContextOf(session, () => subscriber.complete()),
      }),
    ),
  );
}
