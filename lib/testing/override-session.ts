import { hasFunctions, withoutText } from '../options/read-option.js';
import { type TestSessionOptions, testOptions } from '../nest/test-options.js';
import { SESSION_SETTINGS, type SessionSettings, resolveSettings } from '../nest/session.settings.js';
import { SESSION_OPTIONS, type SessionModuleOptions } from '../options/session.options.js';
import { SessionConfigError } from '../session.errors.js';
import { isObject } from '../state/values.js';

/**
 * The part of what `Test.createTestingModule` of @nestjs/testing returns that is used here.
 *
 * @example
 * const module = await overrideSession(Test.createTestingModule({ imports: [AppModule] })).compile();
 */
export interface OverridableModule<B> {
  /** Replaces a provider. */
  overrideProvider(token: symbol): {
    useFactory(options: {
      factory: (given: SessionModuleOptions) => SessionSettings;
      inject: (symbol | string)[];
    }): B;
  };
}

/**
 * Makes an application that configures its own sessions use test options instead: the driver `memory`, a new
 * secret, a cookie that works over plain http and for the host of the test (no `domain`, no `formerly`).
 * Everything else (`userKey`, `header`, `exclude`, tenants, `flash.except`, ...) stays as the application has
 * it. Drivers of the application's own are not opened, unless the test uses them. A factory given to
 * `forRootAsync` is called as usual, so the environment variables that it reads have to
 * exist.
 *
 * @param builder the result of `Test.createTestingModule`, not compiled yet
 * @param options override all of these. Default none
 * @returns the builder
 * @throws SessionConfigError if it is no builder, as a module that is already compiled, or the options are no object
 * @example
 * const module = await overrideSession(Test.createTestingModule({ imports: [AppModule] })).compile();
 */
export function overrideSession<B extends OverridableModule<B>>(
  builder: B,
  options: TestSessionOptions = {},
): B {
  if (!isObject(builder) || !hasFunctions(builder, 'overrideProvider') || !isObject(options)) {
    throw new SessionConfigError(
      `overrideSession got ${withoutText(builder)} and ${withoutText(options)}; it takes what Test.createTestingModule() returned, not ` +
        'compiled yet, and an object of options, or nothing.',
    );
  }
  return builder.overrideProvider(SESSION_SETTINGS).useFactory({
    factory: (given) => ({ ...resolveSettings(testOptions(options, given)), isTest: true }),
    inject: [SESSION_OPTIONS],
  });
}
