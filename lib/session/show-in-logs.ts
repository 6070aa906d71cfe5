import { type InspectOptions, inspect } from 'node:util';

/**
 * Makes `console.log` show the content of an object after the name of its class. Without this it would show
 * nothing, since all fields are private. It is not a method of the class: editors would suggest that method,
 * and its type would depend on Node's.
 *
 * @param prototype of the class
 * @param held returns what to show of an instance; must not change it
 */
export function showInLogs<T extends object>(prototype: T, held: (it: T) => object): void {
  Object.defineProperty(prototype, inspect.custom, {
    configurable: true,
    value(this: T, depth: number, options: InspectOptions): string {
      const name = this.constructor.name;
      return depth < 0 ? `[${name}]` : `${name} ${inspect(held(this), { ...options, depth })}`;
    },
  });
}
