import type { DiscoveryService } from '@nestjs/core';
import { SessionConfigError } from '../../session.errors.js';

/** Metadata key of a class marked by `@SessionDriver(name)`. */
export const DRIVER_NAME = Symbol('nestjs-session-kit driver name');

/**
 * The drivers among an application's providers, by name: instances of classes marked with `@SessionDriver`, and
 * whatever is provided in place of such a class.
 *
 * @throws SessionConfigError if two classes have one name, or Nest makes an instance for each request
 */
export function providedDrivers(discovery: DiscoveryService): ReadonlyMap<string, unknown> {
  const found = new Map<string, object>();
  for (const wrapper of discovery.getProviders()) {
    const instance: unknown = wrapper.instance;
    if (typeof instance !== 'object' || instance === null) continue;
    // A factory or a value says by its token, or by what it made, that it stands for a driver.
    const name = [wrapper.metatype, wrapper.token, instance.constructor]
      .map(nameOn)
      .find((each) => each !== undefined);
    if (name === undefined) continue;
    if (!wrapper.isDependencyTreeStatic()) throw madePerRequest(name);
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

function madePerRequest(name: string): SessionConfigError {
  return new SessionConfigError(
    `The session driver "${name}" is made for each request: it, or something that is injected into it, has the scope ` +
      'REQUEST. A driver is one object for all requests: inject only providers of another scope.',
  );
}

function twoOf(name: string, one: object, other: object): SessionConfigError {
  return new SessionConfigError(
    `Two classes are the session driver "${name}": ${one.constructor.name} and ${other.constructor.name}. ` +
      'Give each a name of its own with @SessionDriver(name).',
  );
}
