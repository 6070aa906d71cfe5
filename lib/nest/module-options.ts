import type { ConfigurableModuleAsyncOptions, DynamicModule, Provider, Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { withoutText } from '../options/read-option.js';
import { plainOptions } from '../options/plain-options.js';
import { SESSION_OPTIONS, type SessionModuleOptions } from '../options/session.options.js';
import { SessionConfigError } from '../session.errors.js';
import { isThenable } from '../state/is-thenable.js';
import { isObject } from '../state/values.js';
import { propertyOf } from '../state/property-of.js';

/**
 * The interface of a class given to `forRootAsync` as `useClass` or `useExisting`.
 *
 * @example
 * // above the class: `@Injectable()`
 * class SessionOptions implements SessionOptionsFactory {
 *   constructor(private readonly config: ConfigService) {}
 *   createSessionOptions() { return { secret: this.config.getOrThrow<string>('SESSION_SECRET') }; }
 * }
 */
export interface SessionOptionsFactory {
  /**
   * Returns the options; may be asynchronous.
   *
   * @example
   * createSessionOptions() { return { secret: this.config.getOrThrow('SESSION_SECRET') }; }
   */
  createSessionOptions(): SessionModuleOptions | Promise<SessionModuleOptions>;
}

/** Stands in for the options when the module is imported without `forRoot`. @throws SessionConfigError always */
export function withoutOptions(): never {
  throw new SessionConfigError(
    'SessionModule is imported without options. Import SessionModule.forRoot({ secret }) once, in the root module; it ' +
      'is global, so no other module has to import it.',
  );
}

/** Plain JavaScript may omit the options or pass a promise of them: other errors would then be misleading. */
export function assertGiven(method: string, options: unknown, takes: string): void {
  const isPromise = isThenable(options);
  if (isObject(options) && !isPromise) return;
  const instead = isPromise
    ? ' Await it, or return it from the useFactory of SessionModule.forRootAsync.'
    : '';
  const got = options === undefined ? 'nothing' : withoutText(options);
  throw new SessionConfigError(`SessionModule.${method} got ${got}; it takes ${takes}.${instead}`);
}

/** Only one of two modules with options would open the sessions, depending on the order of imports. */
export function assertOnlyOne(modules: ModulesContainer, module: Type): void {
  const withOptions = [...modules.values()].filter(
    ({ metatype, providers }) =>
      metatype === module && providers.get(SESSION_OPTIONS)?.metatype !== withoutOptions,
  );
  if (withOptions.length < 2) return;
  throw new SessionConfigError(
    'SessionModule is imported twice, each time with options of its own. Import SessionModule.forRoot(...) or ' +
      'forRootAsync(...) once, in the root module; it is global, so no other module has to import it.',
  );
}

/** What `forRootAsync` takes: one of `useFactory`, `useClass` and `useExisting`. */
type AsyncSessionOptions = ConfigurableModuleAsyncOptions<SessionModuleOptions, 'createSessionOptions'>;

const ASYNC_NAMES: ReadonlySet<string> = new Set<keyof AsyncSessionOptions>([
  'imports',
  'inject',
  'useFactory',
  'useClass',
  'useExisting',
  'provideInjectionTokensFrom',
]);

const ASYNC_TAKES = '{ useFactory, inject }, { useClass } or { useExisting }';

/** @throws SessionConfigError if nothing says how to make the options, or several, or if a name is misspelt */
export function assertGivenAsync(options: AsyncSessionOptions): void {
  assertGiven('forRootAsync', options, ASYNC_TAKES);
  const names = Object.keys(plainOptions(options));
  const { useFactory, useClass, useExisting } = options;
  const isOne = [useFactory, useClass, useExisting].filter(Boolean).length === 1;
  const stray = names.find((name) => !ASYNC_NAMES.has(name));
  if (isOne && stray === undefined) return;
  if (isOne) {
    throw new SessionConfigError(
      `SessionModule.forRootAsync got '${stray}', which nothing reads${stray === 'isGlobal' ? ': the module is always global' : ''}. Options of the module are what the factory returns.`,
    );
  }
  const got = names.join(', ') || 'nothing';
  throw new SessionConfigError(
    `SessionModule.forRootAsync got ${got}; it takes ${ASYNC_TAKES}. Plain options go to SessionModule.forRoot.`,
  );
}

/**
 * The module that Nest made from these options, with a clear error if the class that they name cannot make
 * options.
 */
export function withCheckedFactory(
  { useFactory, useClass, useExisting }: AsyncSessionOptions,
  module: DynamicModule,
): DynamicModule {
  const maker = useExisting ?? useClass;
  if (useFactory || maker === undefined) return module;
  const named = `${useExisting ? 'useExisting' : 'useClass'}: ${typeof maker === 'function' ? maker.name : String(maker)}`;
  const provider: Provider = {
    provide: SESSION_OPTIONS,
    useFactory: (factory: unknown) => optionsOf(factory, named),
    inject: [maker],
  };
  return { ...module, providers: [...(module.providers ?? []), provider] };
}

/** Calls the class that `useClass` or `useExisting` names, if it can make options. */
function optionsOf(factory: unknown, named: string): unknown {
  const createOptions = propertyOf(factory, 'createSessionOptions');
  if (typeof createOptions === 'function') return Reflect.apply(createOptions, factory, []);
  throw new SessionConfigError(
    `SessionModule.forRootAsync got ${named}, which has no method createSessionOptions; it takes a SessionOptionsFactory.`,
  );
}
