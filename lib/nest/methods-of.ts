/** A method of a class, as Nest's decorators find it. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Where a method stands: on the class itself, or on one that it extends. */
export interface OwnMethod {
  readonly holder: object;
  readonly name: string;
  readonly method: Method;
}

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

export function isMethod(value: unknown): value is Method {
  return typeof value === 'function';
}
