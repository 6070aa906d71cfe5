import { Inject, Injectable, Logger } from '@nestjs/common';
import { isBuiltIn } from '../drivers/built-in-drivers.js';
import type { AnyDriver } from '../drivers/driver.js';
import type { SessionLog } from '../drivers/session-log.js';
import type { Caller } from '../lifecycle/caller.js';
import type { RecordBackend } from '../lifecycle/records/record-backend.js';
import { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import type { SessionRuntime } from '../lifecycle/session-runtime.js';
import type { UserSessions } from '../lifecycle/users/user-sessions.js';
import type { TokenPlace } from '../lifecycle/token-place.js';
import type { Whereabouts, Watch } from '../lifecycle/watching/watch.js';
import { isProduction } from '../options/production.js';
import { DetachedHost, type EntryPoint } from '../session/detached-host.js';
import type { LifecycleFactory } from '../session/session-host.js';
import { SessionConfigError } from '../session.errors.js';
import { CAN_LIST } from './drivers/driver-capabilities.js';
import { DriverInUse } from './drivers/driver-in-use.js';
import { DriverRegistry } from './drivers/driver-registry.js';
import { GarbageCollection } from './drivers/garbage-collection.js';
import { sessionRuntime } from './make-session-runtime.js';
import { SESSION_SETTINGS, type SessionSettings, driversInUse } from './session.settings.js';

const A_MINUTE_MS = 60_000;

/**
 * Creates the session lifecycles for an application's requests, sockets, jobs and tests, and opens the drivers
 * when it boots.
 */
@Injectable()
export class SessionLifecycles implements LifecycleFactory {
  readonly #settings: SessionSettings;
  readonly #registry: DriverRegistry;
  readonly #log: SessionLog = new Logger('SessionModule');
  readonly runtime: SessionRuntime;
  readonly driverInUse: DriverInUse;
  readonly garbage: GarbageCollection;

  constructor(
    @Inject(SESSION_SETTINGS) settings: SessionSettings,
    @Inject(DriverRegistry) registry: DriverRegistry,
  ) {
    this.#settings = settings;
    this.#registry = registry;
    this.runtime = sessionRuntime(settings, this.#log);
    this.driverInUse = new DriverInUse(settings, registry, this.runtime);
    const collected = (): AnyDriver => this.driverInUse.recordDriver ?? registry.get(settings.driver);
    this.garbage = new GarbageCollection(settings, collected, this.#log);
  }

  /** Makes and opens the drivers. @throws SessionConfigError if one is wrong */
  async boot(): Promise<void> {
    const { gc } = this.#settings;
    await this.#registry.boot();
    this.driverInUse.open();
    if (this.driverInUse.recordDriver?.collectGarbage !== undefined && gc !== false)
      this.garbage.collectEvery(gc);
    this.#warn();
  }

  /** Warns of settings that are valid, but seldom meant. */
  #warn(): void {
    const { age, given, isTest } = this.#settings;
    if (age < A_MINUTE_MS && !isTest && Number(given.age) === age) {
      this.#log.warn(
        `Sessions end ${age / 1000} s after the last visit: 'age' is ${age}, and numbers are milliseconds. If you meant another unit, name it: '30s', '2h'.`,
      );
    }
    const inUse: readonly string[] = driversInUse(this.#settings);
    const unused = Object.keys(given).find(
      (name) => isBuiltIn(name) && !inUse.includes(name) && given[name] !== undefined,
    );
    if (given.driver === undefined && unused !== undefined && !isTest) {
      this.#log.warn(
        `Sessions are kept by the driver 'stealth', in the visitors' cookies, and the options under '${unused}' are not used for them: 'driver' is not set. Set driver: '${unused}', or driver: 'stealth' if that is meant.`,
      );
    }
    const isInMemory = inUse.includes('memory') && this.#registry.isBuiltIn('memory');
    if (isInMemory && isProduction()) {
      this.#log.warn(
        "The driver 'memory' forgets all sessions with the process and shares them with no other. Fine for one process that may forget; otherwise choose another driver.",
      );
    }
  }

  /** Closes the drivers. */
  async shutdown(): Promise<void> {
    this.runtime.watched.close();
    await this.garbage.stop();
    await this.driverInUse.callsEnded();
    await this.#registry.close();
  }

  /**
   * The backend that keeps all or some sessions as records. Null with a sealing driver that has no ledger.
   *
   * @throws SessionConfigError before the boot
   */
  get records(): RecordBackend | null {
    return this.driverInUse.backend.records;
  }

  /**
   * The sessions of users.
   *
   * @throws SessionConfigError if the driver cannot list sessions by user
   */
  get users(): UserSessions {
    const users = this.records?.users ?? null;
    if (users !== null) return users;
    const [driver, ledger] = driversInUse(this.#settings);
    const what = ledger === undefined ? `The driver "${driver}"` : `The ledger "${ledger}"`;
    throw new SessionConfigError(
      `${what} cannot list the sessions of a user, and so cannot end them by their user. ${CAN_LIST}`,
    );
  }

  get needsRequest(): boolean {
    return this.driverInUse.isPerRequest;
  }

  createLifecycle(caller: Caller, request: unknown, place?: TokenPlace): SessionLifecycle {
    return new SessionLifecycle(this.driverInUse.backendFor(request, place), caller);
  }

  /** The host of a session for which no cookie can be sent. */
  detachedHost(entryPoint: EntryPoint, tokens: readonly string[]): DetachedHost {
    const settings = { lifecycles: this, cookieAttributes: this.#settings.cookie.attributes, log: this.#log };
    return new DetachedHost(settings, entryPoint, tokens);
  }

  /**
   * Watches a session from outside a request until the watch is stopped.
   *
   * @param place its id, and when it expires, in epoch ms
   * @param livesInCookie whether it is kept only in the cookie. Default false
   * @param request for a driver that is created for each request. Default: none
   */
  watch(place: Whereabouts, livesInCookie = false, request?: unknown): Watch {
    const locate = this.driverInUse.backendFor(request).locate(() => livesInCookie);
    return this.runtime.fates.watch(place, locate);
  }
}
