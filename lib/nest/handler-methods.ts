import { isPromise } from 'node:util/types';

/** A method of a class, as Nest's decorators find it. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Where a method stands: on the class itself, or on one that it extends. */
export interface OwnMethod {
  readonly holder: object;
  readonly name: string;
  readonly method: Method;
}

/** Where Nest keeps the interceptors of a class and of a method, the outermost first. */
const INTERCEPTORS_METADATA = '__interceptors__';

/** The methods of a class and of what it extends, the nearest first, constructors included. */
export function methodsOf(prototype: unknown): readonly OwnMethod[] {
  const found: OwnMethod[] = [];
  let holder = prototype;
  while (typeof holder === 'object' && holder !== null && holder !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder)))
      if (isMethod(value)) found.push({ holder, name, method: value });
    holder = Reflect.getPrototypeOf(holder);
  }
  return found;
}

/** What has a property of a name itself: an object, or the nearest of its prototypes. Null where none has it. */
export function holderOf(object: object, name: string): object | null {
  let holder: object | null = object;
  while (holder !== null && !Object.hasOwn(holder, name)) holder = Reflect.getPrototypeOf(holder);
  return holder;
}

/** Whether a member of a class is a method. */
export function isMethod(value: unknown): value is Method {
  return typeof value === 'function';
}

/** What `@UseInterceptors()` has named for a class or a method: the list that Nest keeps. */
export function interceptorsOf(target: object): unknown[] {
  const interceptors: unknown = Reflect.getMetadata(INTERCEPTORS_METADATA, target);
  return Array.isArray(interceptors) ? interceptors : [];
}

/** Names the interceptors of a class or a method, in place of those that it has. */
export function setInterceptors(target: object, interceptors: readonly unknown[]): void {
  Reflect.defineMetadata(INTERCEPTORS_METADATA, interceptors, target);
}

/** Gives a function that stands in for another all that decorators have said of that, for Nest and for other applications of the process. */
export function copyMetadata(from: object, to: object): void {
  for (const key of Reflect.getMetadataKeys(from))
    Reflect.defineMetadata(key, Reflect.getMetadata(key, from), to);
}

/**
 * A handler that makes something else of what it answers, or of what that resolves to, and is the same in all that Nest and
 * others ask of it.
 */
export function withAnswer(handler: Method, make: (answer: unknown) => unknown): Method {
  const value: Method = function (...args) {
    const answer: unknown = Reflect.apply(handler, this, args);
    return isPromise(answer) ? answer.then(make) : make(answer);
  };
  copyMetadata(handler, value);
  return Object.defineProperties(value, {
    name: { value: handler.name, configurable: true },
    length: { value: handler.length, configurable: true },
  });
}
