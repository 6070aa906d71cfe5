import { isPromise } from 'node:util/types';
import { type Method, isMethod } from '../http/bind-to-request.js';

/** A method and the object that holds it: the class's own prototype or an inherited one. */
export interface OwnMethod {
  readonly holder: object;
  readonly name: string;
  readonly method: Method;
}

/** Metadata key of the interceptors of a class or method, outermost first. */
const INTERCEPTORS_METADATA = '__interceptors__';

/** The methods of a class and its superclasses, nearest first, constructors included. A factory has none. */
export function methodsOf(metatype: unknown): readonly OwnMethod[] {
  const found: OwnMethod[] = [];
  let holder: unknown = typeof metatype === 'function' ? metatype.prototype : null;
  while (typeof holder === 'object' && holder !== null && holder !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder)))
      if (isMethod(value)) found.push({ holder, name, method: value });
    holder = Reflect.getPrototypeOf(holder);
  }
  return found;
}

/** The nearest object in the prototype chain that has its own property of that name, and the property; or null. */
export function ownerOf(
  object: object,
  name: string,
): { readonly holder: object; readonly property: PropertyDescriptor } | null {
  for (let holder: object | null = object; holder !== null; holder = Reflect.getPrototypeOf(holder)) {
    const property = Object.getOwnPropertyDescriptor(holder, name);
    if (property !== undefined) return { holder, property };
  }
  return null;
}

/** The interceptors that `@UseInterceptors()` set on a class or method. This is the list that Nest keeps. */
export function interceptorsOf(target: object): unknown[] {
  const interceptors: unknown = Reflect.getMetadata(INTERCEPTORS_METADATA, target);
  return Array.isArray(interceptors) ? interceptors : [];
}

/** Replaces the interceptors of a class or method. */
export function setInterceptors(target: object, interceptors: readonly unknown[]): void {
  Reflect.defineMetadata(INTERCEPTORS_METADATA, interceptors, target);
}

/**
 * Copies all decorator metadata to a function that replaces another, for Nest and for other applications in the
 * process.
 */
export function copyMetadata(from: object, to: object): void {
  for (const key of Reflect.getMetadataKeys(from))
    Reflect.defineMetadata(key, Reflect.getMetadata(key, from), to);
}

/**
 * Wraps a handler so that `make` converts its result, or what its promise resolves to. The wrapper keeps the
 * handler's metadata, name and length.
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
