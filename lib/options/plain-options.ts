import { isObject } from '../state/values.js';

/**
 * A copy of options with all that they have, their own or from their class: options may be an instance of a
 * class with getters, and copying one as a plain object would silently drop those. Methods are no options.
 */
export function plainOptions<T extends object>(options: T): T {
  const inherited: Record<string, unknown> = {};
  for (let from: unknown = options; isObject(from); from = Object.getPrototypeOf(from)) {
    // What every object has is no option.
    if (Object.getPrototypeOf(from) === null) break;
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(from)))
      if ('get' in property || property.enumerable === true) inherited[name] = Reflect.get(options, name);
  }
  return { ...inherited, ...options };
}
