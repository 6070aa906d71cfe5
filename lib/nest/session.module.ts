import {
  type ConfigurableModuleAsyncOptions,
  ConfigurableModuleBuilder,
  type DynamicModule,
  type HttpServer,
  Inject,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import {
  ApplicationConfig,
  DiscoveryModule,
  DiscoveryService,
  ExternalContextCreator,
  HttpAdapterHost,
  ModulesContainer,
} from '@nestjs/core';
import { DriverRegistry } from './drivers/driver-registry.js';
import { bindLaterRegistrations, openOnEachRequest } from '../http/http-platform.js';
import { HttpSessions } from '../http/http-sessions.js';
import { RouterBinding } from '../http/express/router-binding.js';
import { registerTransforms } from './class-transformer.js';
import { findAnsweringHandlers } from './commit/answering-handlers.js';
import { installCommits } from './commit/install-commits.js';
import { bindConsumedRouters } from './context/consumer-binding.js';
import { bindGlobalInterceptors, bindInterceptors } from './context/interceptor-binding.js';
import { plainModuleOptions } from '../options/option-table.js';
import { SESSION_OPTIONS, type SessionModuleOptions } from '../options/session.options.js';
import { SessionInterceptor } from './session.interceptor.js';
import { SessionManager } from './session.manager.js';
import { SessionMiddleware } from './session.middleware.js';
import { SessionLifecycles } from './session-lifecycles.js';
import { SESSION_SETTINGS, resolveSettings } from './session.settings.js';
import { httpSessions } from './http-sessions.provider.js';
import { bindGateways } from './context/gateway-binding.js';
import { bindResolvers } from './context/resolver-binding.js';
import {
  assertGiven,
  assertGivenAsync,
  assertOnlyOne,
  withCheckedFactory,
  withoutOptions,
} from './module-options.js';
import { GraphqlSessions } from '../graphql/graphql-sessions.js';
import { SocketSessions } from '../sockets/socket-sessions.js';
import { socketSessions } from './socket-sessions.provider.js';
import { type TestSessionOptions, testOptions } from './test-options.js';

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<SessionModuleOptions>({
  optionsInjectionToken: SESSION_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createSessionOptions')
  .setExtras({}, (definition) => ({ ...definition, global: true }))
  .build();

/**
 * Sessions for a Nest application. Global: import it once, in the root module.
 *
 * @example
 * SessionModule.forRoot({ secret: process.env.SESSION_SECRET ?? '', driver: 'file' })
 * @example
 * SessionModule.forRootAsync({
 *   inject: [ConfigService],
 *   useFactory: (config: ConfigService) => ({ secret: config.getOrThrow('SESSION_SECRET'), driver: 'redis', redis: { url: config.getOrThrow('REDIS_URL') } }),
 * })
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    // forRoot and forRootAsync replace it.
    { provide: SESSION_OPTIONS, useFactory: withoutOptions },
    { provide: SESSION_SETTINGS, useFactory: resolveSettings, inject: [SESSION_OPTIONS] },
    DriverRegistry,
    SessionLifecycles,
    // Nothing else in the module needs it, so that a test may replace it by a mock.
    SessionManager,
    {
      provide: HttpSessions,
      useFactory: httpSessions,
      inject: [SESSION_SETTINGS, SessionLifecycles, ApplicationConfig, HttpAdapterHost],
    },
    {
      provide: SocketSessions,
      useFactory: socketSessions,
      inject: [SESSION_SETTINGS, SessionLifecycles, ApplicationConfig, HttpAdapterHost],
    },
    SessionMiddleware,
    SessionInterceptor,
  ],
  exports: [SessionManager, SessionMiddleware, SessionInterceptor, SESSION_OPTIONS, HttpSessions],
})
export class SessionModule
  extends ConfigurableModuleClass
  implements NestModule, OnApplicationBootstrap, OnApplicationShutdown
{
  readonly #adapterHost: HttpAdapterHost;
  readonly #sessions: HttpSessions;
  readonly #routers: RouterBinding;
  readonly #lifecycles: SessionLifecycles;
  readonly #sockets: SocketSessions;
  /**
   * Runs once, before the first handler is registered: that of a route, of a gateway, or of a microservice, which
   * may be without HTTP.
   */
  #prepareHandlers: () => void;

  /** Made by Nest. */
  constructor(
    @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
    @Inject(HttpSessions) sessions: HttpSessions,
    @Inject(SessionLifecycles) lifecycles: SessionLifecycles,
    @Inject(DiscoveryService) discovery: DiscoveryService,
    @Inject(ModulesContainer) modules: ModulesContainer,
    @Inject(ApplicationConfig) config: ApplicationConfig,
    @Inject(SocketSessions) sockets: SocketSessions,
    @Inject(ExternalContextCreator) resolvers: ExternalContextCreator,
  ) {
    super();
    assertOnlyOne(modules, SessionModule);
    this.#adapterHost = adapterHost;
    this.#sessions = sessions;
    this.#lifecycles = lifecycles;
    this.#sockets = sockets;
    this.#prepareHandlers = () => {
      this.#prepareHandlers = () => undefined;
      findAnsweringHandlers(discovery);
      installCommits(discovery);
      bindInterceptors(modules);
    };
    const prepare = (): void => this.#prepareHandlers();
    bindGlobalInterceptors(config, prepare);
    bindGateways(config, discovery, sockets, prepare);
    bindResolvers(resolvers, new GraphqlSessions(sockets));
    this.#routers = new RouterBinding(sessions);
    // With NestFactory this runs at once, under a testing module when it creates an application: before main.ts
    // registers anything and before modules are configured. Without HTTP there is no server.
    adapterHost.init$.subscribe(() => {
      const adapter: HttpServer | null | undefined = adapterHost.httpAdapter;
      if (!adapter) return;
      bindLaterRegistrations(adapter, sessions, this.#routers);
      bindConsumedRouters(adapter, this.#routers);
    });
  }

  /**
   * Sessions for tests, with nothing to configure: the driver `memory`, a secret of its own, a cookie that
   * works over plain http. More for tests is in `nestjs-session-kit/testing`.
   *
   * @param options override these. Default none
   * @example
   * Test.createTestingModule({ imports: [SessionModule.forTest()], controllers: [CartController] })
   */
  static forTest(options: TestSessionOptions = {}): DynamicModule {
    assertGiven('forTest', options, 'an object of options, or nothing');
    return SessionModule.forRoot(testOptions(options));
  }

  /**
   * Sessions with these options.
   *
   * @param options only `secret` is required
   * @throws SessionConfigError if there are none; their contents are checked when the application boots
   * @example
   * imports: [SessionModule.forRoot({ secret, driver: 'redis', age: '8h' })]
   */
  static override forRoot(options: SessionModuleOptions): DynamicModule {
    assertGiven('forRoot', options, "an object with at least 'secret'");
    return super.forRoot(plainModuleOptions(options));
  }

  /**
   * Sessions with options made while the application boots.
   *
   * @param options `useFactory` with `inject`, or `useClass` or `useExisting` of a `SessionOptionsFactory`
   * @throws SessionConfigError if it is none of these; the boot fails with one if the class makes no options
   * @example
   * SessionModule.forRootAsync({ inject: [ConfigService], useFactory: (config: ConfigService) => config.getOrThrow('session') })
   */
  static override forRootAsync(
    options: ConfigurableModuleAsyncOptions<SessionModuleOptions, 'createSessionOptions'>,
  ): DynamicModule {
    assertGivenAsync(options);
    return withCheckedFactory(options, super.forRootAsync(options));
  }

  /** Installs the middleware. Not through the consumer, which costs more per request than the session itself. */
  configure(_consumer: MiddlewareConsumer): void {
    openOnEachRequest(this.#adapterHost.httpAdapter, this.#sessions, this.#routers);
    this.#prepareHandlers();
  }

  /** Makes and opens the drivers. @throws SessionConfigError if an option or a driver is wrong */
  async onApplicationBootstrap(): Promise<void> {
    await registerTransforms();
    await this.#lifecycles.boot();
  }

  /** Closes what the drivers opened, once running handlers of sockets have stored what they wrote. */
  async onApplicationShutdown(): Promise<void> {
    await this.#sockets.callsEnded();
    await this.#lifecycles.shutdown();
  }
}
