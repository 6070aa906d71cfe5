import { SessionError } from '../session.errors.js';
import { shownKey } from '../state/shown-key.js';

/**
 * Makes every assignment to a property of an instance an error. A frozen object would throw in strict mode
 * only; in sloppy mode the assignment would be ignored, and a value that was meant to be stored would be
 * lost.
 *
 * Members of the class and its ancestors become accessors whose setter throws. Assignments to all other names
 * reach the end of the prototype chain, where a Proxy throws. Reading a member never reaches that slow Proxy.
 *
 * @param prototype of the class
 */
export function refuseAssignments(prototype: object): void {
  let last = prototype;
  for (let next: object | null = prototype; next !== null && next !== Object.prototype;) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(next))) {
      Object.defineProperty(next, name, withoutSetter(name, descriptor));
    }
    last = next;
    next = Reflect.getPrototypeOf(next);
  }
  Reflect.setPrototypeOf(last, refusesOthers(refuse));
}

/**
 * Creates the end of a prototype chain: assignments to names that are not defined before it call
 * `refuseName`.
 *
 * @param refuseName throws
 * @param from the prototype that members are inherited from
 */
export function refusesOthers(
  refuseName: (name: string | symbol) => never,
  from: object = Object.prototype,
): object {
  return new Proxy<object>(Object.create(from), { set: (_target, name) => refuseName(name) });
}

/**
 * Creates a prototype like that of an object, whose objects take any property as their own although the
 * original refuses assignments. Code that copies a session creates an object with its prototype, and assigns
 * the values to that.
 */
export function forCopies(original: object): object {
  const prototype: object = new Proxy<object>(Object.create(Reflect.getPrototypeOf(original)), {
    // A property of the prototype itself would be lost: that is refused.
    set: (target, name, value, receiver) =>
      receiver === prototype ? Reflect.set(target, name, value) : assignOwn(receiver, name, value),
  });
  return prototype;
}

/** Assigns to an object without asking its prototypes. */
export function assignOwn(receiver: unknown, name: string | symbol, value: unknown): boolean {
  if (typeof receiver !== 'object' || receiver === null) return false;
  const isThere = Object.hasOwn(receiver, name);
  const added = { enumerable: true, writable: true, configurable: true };
  return Reflect.defineProperty(receiver, name, isThere ? { value } : { value, ...added });
}

function withoutSetter(name: string, descriptor: PropertyDescriptor): PropertyDescriptor {
  const set = (): never => refuse(name);
  if (!('value' in descriptor)) return { ...descriptor, set };
  const value: unknown = descriptor.value;
  // Methods and the class take no assignments either: all sessions share them.
  if (typeof value === 'function') Object.freeze(value);
  return { configurable: true, get: () => value, set };
}

function refuse(name: string | symbol): never {
  throw new SessionError(
    `The property ${shownKey(String(name))} of a session cannot be set. Store a value with session.put(key, value), or by way of ` +
      'request.session, whose properties are values.',
  );
}
