import { isPromise } from 'node:util/types';
import { copyMetadata } from '../copy-metadata.js';
import type { Method } from '../methods-of.js';

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
