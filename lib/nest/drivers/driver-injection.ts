import type { Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { AnyDriver } from '../../drivers/driver.js';
import { optionError } from '../../options/read-option.js';
import type { DriverDefinition } from '../../options/session.options.js';
import type { SessionConfigError } from '../../session.errors.js';

/**
 * Metadata keys for the types of a constructor's parameters (set by compilers) and for `@Inject(token)` (set by
 * Nest).
 */
const PARAMTYPES_METADATA = 'design:paramtypes';
const SELF_DECLARED_DEPS_METADATA = 'self:paramtypes';

/**
 * Makes an application's own drivers, injecting providers of any module, wherever the session module is
 * imported.
 */
export class DriverInjection {
  readonly #moduleRef: ModuleRef;

  constructor(moduleRef: ModuleRef) {
    this.#moduleRef = moduleRef;
  }

  /** A provider of the application, or undefined if no module has it. */
  resolve(token: unknown): unknown {
    if (typeof token !== 'string' && typeof token !== 'symbol' && typeof token !== 'function')
      return undefined;
    try {
      return this.#moduleRef.get<unknown>(token, { strict: false });
    } catch {
      // Nest throws if there is no such provider.
      return undefined;
    }
  }

  /**
   * Makes the driver that an entry of the option `drivers` describes.
   *
   * @param config the option under the driver's name, passed to its factory
   * @throws SessionConfigError if the entry names a token that no module provides
   */
  async make(name: string, definition: DriverDefinition, config: unknown): Promise<unknown> {
    if ('useFactory' in definition) {
      const dependencies = (definition.inject ?? []).map((dependency) => {
        const isObject = typeof dependency === 'object' && 'token' in dependency;
        const { token, optional } = isObject ? dependency : { token: dependency, optional: false };
        const found = this.resolve(token);
        if (found === undefined && !optional) throw notProvided(name, token);
        return found;
      });
      return definition.useFactory(...dependencies, config);
    }
    return this.resolve(definition.useClass) ?? (await this.#construct(definition.useClass));
  }

  /**
   * Instantiates a class that no module provides. Its dependencies are looked up in the whole application,
   * because the place where the session module is imported says nothing about what the application's own driver
   * needs.
   */
  async #construct(driver: Type<AnyDriver>): Promise<AnyDriver> {
    const types: unknown = Reflect.getMetadata(PARAMTYPES_METADATA, driver) ?? [];
    const declared: unknown = Reflect.getMetadata(SELF_DECLARED_DEPS_METADATA, driver) ?? [];
    const tokens = Array.isArray(types) ? [...types] : [];
    for (const each of Array.isArray(declared) ? declared : [])
      if (isDeclared(each)) tokens[each.index] = each.param;
    const dependencies = tokens.map((token) => this.resolve(token));
    // Nest supports more ways to inject, and reports best what is missing.
    return dependencies.includes(undefined) ? this.#moduleRef.create(driver) : new driver(...dependencies);
  }
}

function notProvided(name: string, token: unknown): SessionConfigError {
  const label = typeof token === 'function' ? token.name : String(token);
  return optionError(
    `drivers.${name}.inject`,
    `names ${label}, which no module of the application provides, or has the scope REQUEST. Import the module that provides it; a driver is one object for all requests.`,
  );
}

/** The shape in which Nest stores `@Inject(token)` of a parameter. */
function isDeclared(value: unknown): value is { index: number; param: unknown } {
  return typeof value === 'object' && value !== null && 'index' in value && 'param' in value;
}
