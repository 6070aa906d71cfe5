import type { Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { AnyDriver } from '../../drivers/built-in-drivers.js';
import { optionError } from '../../options/read-option.js';
import type { DriverDefinition } from '../../options/session.options.js';

/** Where compilers keep the types of a constructor's parameters, and Nest what `@Inject(token)` says of them. */
const PARAMTYPES_METADATA = 'design:paramtypes';
const SELF_DECLARED_DEPS_METADATA = 'self:paramtypes';

/** Makes an application's own drivers with whatever its modules provide, wherever the session module is imported. */
export class DriverInjection {
  readonly #moduleRef: ModuleRef;

  constructor(moduleRef: ModuleRef) {
    this.#moduleRef = moduleRef;
  }

  /** A provider of the application, or undefined where no module has it. */
  resolve(token: unknown): unknown {
    if (typeof token !== 'string' && typeof token !== 'symbol' && typeof token !== 'function')
      return undefined;
    try {
      return this.#moduleRef.get<unknown>(token, { strict: false });
    } catch {
      // Nest's way of saying that there is no such provider.
      return undefined;
    }
  }

  /**
   * Makes what an entry of the option `drivers` describes.
   *
   * @param config the option of the driver's own name, handed to its factory
   * @throws SessionConfigError where the entry names what no module provides
   */
  async make(name: string, definition: DriverDefinition, config: unknown): Promise<unknown> {
    if ('useFactory' in definition) {
      const dependencies = (definition.inject ?? []).map((dependency) => {
        if (typeof dependency !== 'object' || !('token' in dependency)) return this.#find(name, dependency);
        const found = this.resolve(dependency.token);
        if (found === undefined && !dependency.optional) return this.#find(name, dependency.token);
        return found;
      });
      return definition.useFactory(...dependencies, config);
    }
    return this.resolve(definition.useClass) ?? (await this.#construct(definition.useClass));
  }

  /**
   * Makes a class that nobody provides. Its dependencies are looked up in the whole application: where this module is
   * imported says nothing about what the application's own driver may need.
   */
  async #construct(driver: Type<AnyDriver>): Promise<AnyDriver> {
    const types: unknown = Reflect.getMetadata(PARAMTYPES_METADATA, driver) ?? [];
    const declared: unknown = Reflect.getMetadata(SELF_DECLARED_DEPS_METADATA, driver) ?? [];
    const tokens = Array.isArray(types) ? [...types] : [];
    for (const each of Array.isArray(declared) ? declared : [])
      if (isDeclared(each)) tokens[each.index] = each.param;
    const dependencies = tokens.map((token) => this.resolve(token));
    // Nest knows more ways to inject, and says best what is missing.
    return dependencies.includes(undefined) ? this.#moduleRef.create(driver) : new driver(...dependencies);
  }

  #find(name: string, token: unknown): unknown {
    const found = this.resolve(token);
    if (found !== undefined) return found;
    const label = typeof token === 'function' ? token.name : String(token);
    throw optionError(
      `drivers.${name}.inject`,
      `names ${label}, which no module of the application provides. Import the module that does.`,
    );
  }
}

/** How Nest keeps what `@Inject(token)` says of a parameter. */
function isDeclared(value: unknown): value is { index: number; param: unknown } {
  return typeof value === 'object' && value !== null && 'index' in value && 'param' in value;
}
