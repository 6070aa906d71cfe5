import { type TestSessionOptions, testOptions } from '../nest/test-options.js';
import { SESSION_SETTINGS, type SessionSettings, resolveSettings } from '../nest/session.settings.js';
import { SESSION_OPTIONS, type SessionModuleOptions } from '../options/session.options.js';

/** What `Test.createTestingModule` of @nestjs/testing returns, as far as it is needed. */
export interface OverridableModule<B> {
  /** Puts another provider in the place of one. */
  overrideProvider(token: symbol): {
    useFactory(options: {
      factory: (given: SessionModuleOptions) => SessionSettings;
      inject: (symbol | string)[];
    }): B;
  };
}

/**
 * Has an application whose module says how its sessions are kept run on test options instead: the driver `memory`, a new
 * secret, a cookie that plain http carries to the host of the test (no `domain`, no `formerly`). All else (`userKey`, `header`,
 * `exclude`, tenants, `flash.except`, ...) stays as the application has it. A factory given to `forRootAsync` is called as always:
 * what it asks the environment for has to be there.
 *
 * @param builder what `Test.createTestingModule` returned, not compiled yet
 * @param options win over all of these. Default none
 * @returns the builder
 * @example
 * const module = await overrideSession(Test.createTestingModule({ imports: [AppModule] })).compile();
 */
export function overrideSession<B extends OverridableModule<B>>(
  builder: B,
  options: TestSessionOptions = {},
): B {
  return builder.overrideProvider(SESSION_SETTINGS).useFactory({
    factory: (given) => resolveSettings(testOptions(options, given)),
    inject: [SESSION_OPTIONS],
  });
}
