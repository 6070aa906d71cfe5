import { type InspectOptions, inspect } from 'node:util';

/**
 * Has `console.log` show what an object holds, behind the name of its class: all is private, so it would show nothing. Not a method
 * of the class, which an editor would offer, and whose type would need Node's.
 *
 * @param prototype of the class
 * @param held what is to be seen of one; looking must change nothing
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
