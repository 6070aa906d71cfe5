import { isOpaque } from '../state/object-kinds.js';
import { isObject } from '../state/values.js';

/**
 * A copy of options with all that they have, their own or from their class: options may be an instance of a
 * class with getters, and copying one as a plain object would silently drop those. Methods are no options.
 *
 * @param known the names that count if they come from the class: a getter of any other name is a helper of that
 * class. Default: all
 */
export function plainOptions<T extends object>(options: T, known?: readonly string[]): T {
  // What a URL or a Map has in its class are no options.
  if (isOpaque(options)) return { ...options };
  const inherited: Record<string, unknown> = {};
  for (let from: unknown = options; isObject(from); from = Object.getPrototypeOf(from)) {
    // What every object has is no option.
    if (Object.getPrototypeOf(from) === null) break;
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
      const isRead = property.get !== undefined || property.enumerable === true;
      if (isRead && known?.includes(name) !== false) inherited[name] = Reflect.get(options, name);
    }
  }
  return { ...inherited, ...options };
}
