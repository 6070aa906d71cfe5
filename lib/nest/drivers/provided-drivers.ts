import type { DiscoveryService } from '@nestjs/core';
import type { AnyDriver } from '../../drivers/driver.js';
import { SessionConfigError } from '../../session.errors.js';
import { isDriverLike } from './checked-driver.js';

/** Metadata key of a class marked by `@SessionDriver(name)`. */
export const DRIVER_NAME = Symbol('nestjs-session-kit driver name');

/**
 * The drivers among an application's providers, by name: instances of classes marked with `@SessionDriver`, and
 * whatever is provided in place of such a class.
 *
 * @throws SessionConfigError if two classes have one name, or one is not made once for all requests
 */
export function providedDrivers(discovery: DiscoveryService): ReadonlyMap<string, AnyDriver> {
  const found = new Map<string, AnyDriver>();
  for (const wrapper of discovery.getProviders()) {
    const instance: unknown = wrapper.instance;
    // A factory or a value says by its token, or by what it made, that it stands for a driver.
    const made: unknown = isDriverLike(instance) ? instance.constructor : undefined;
    const name = [wrapper.metatype, wrapper.token, made].map(nameOn).find((each) => each !== undefined);
    if (name === undefined) continue;
    if (wrapper.isTransient || !wrapper.isDependencyTreeStatic()) throw madeAnew(name);
    if (!isDriverLike(instance)) continue;
    const other = found.get(name);
    // A class that two modules provide has two instances.
    if (other !== undefined && other.constructor !== instance.constructor) throw twoOf(name, other, instance);
    found.set(name, instance);
  }
  return found;
}

function nameOn(marked: unknown): string | undefined {
  if (typeof marked !== 'function') return undefined;
  const name: unknown = Reflect.getMetadata(DRIVER_NAME, marked);
  return typeof name === 'string' ? name : undefined;
}

function madeAnew(name: string): SessionConfigError {
  return new SessionConfigError(
    `The session driver "${name}" is made anew for each request or user of it: it has the scope REQUEST or TRANSIENT, or ` +
      'something that is injected into it has the scope REQUEST. A driver is one object for all requests.',
  );
}

function twoOf(name: string, one: object, other: object): SessionConfigError {
  return new SessionConfigError(
    `Two classes are the session driver "${name}": ${one.constructor.name} and ${other.constructor.name}. ` +
      'Give each a name of its own with @SessionDriver(name), or provide only one of them.',
  );
}
