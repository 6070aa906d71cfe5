import { Inject, Injectable, Logger } from '@nestjs/common';
import { DiscoveryService, ModuleRef } from '@nestjs/core';
import { systemClock } from '../../drivers/clock.js';
import { BUILT_IN_NAMES, isBuiltIn, makeBuiltIn } from '../../drivers/built-in-drivers.js';
import { type AnyDriver, type RecordDriver, isSealing } from '../../drivers/driver.js';
import { begun } from '../../drivers/guard/circuit-breaker.js';
import { DriverHangsError, openError, waitFor } from '../../drivers/guard/driver-task.js';
import { failureReason } from '../../drivers/guard/failure-reason.js';
import { LazyDriver } from '../../drivers/lazy-driver.js';
import { DriverInjection } from './driver-injection.js';
import { notBooted } from './not-booted.js';
import { checkedDriver } from './checked-driver.js';
import { providedDrivers } from './provided-drivers.js';
import type { DriverContext } from '../../drivers/driver-context.js';
import { shown } from '../../options/read-option.js';
import type { DriverFactory } from '../../options/session.options.js';
import { type BuiltInDriver, OPTION_NAMES, remediesFor, unexplained } from '../../options/option-table.js';
import { SessionConfigError } from '../../session.errors.js';
import { SESSION_SETTINGS, type SessionSettings, driversInUse } from '../session.settings.js';

/**
 * Provides an application's drivers by name: from providers marked with `@SessionDriver`, from the option
 * `drivers`, from `SessionManager.extend`, and from this package. An application's own driver takes precedence
 * over a built-in driver of the same name.
 */
@Injectable()
export class DriverRegistry {
  readonly #settings: SessionSettings;
  readonly #injection: DriverInjection;
  readonly #discovery: DiscoveryService;
  readonly #factories = new Map<string, DriverFactory>();
  readonly #drivers = new Map<string, AnyDriver>();
  readonly #builtIn = new Set<string>();
  readonly #log = new Logger('SessionModule');
  #booted = false;
  /**
   * Whether `close` was called. Closed drivers stay in the map: a later `get` returns them instead of new ones
   * that nobody would close.
   */
  #closed = false;

  constructor(
    @Inject(SESSION_SETTINGS) settings: SessionSettings,
    @Inject(ModuleRef) moduleRef: ModuleRef,
    @Inject(DiscoveryService) discovery: DiscoveryService,
  ) {
    this.#settings = settings;
    this.#injection = new DriverInjection(moduleRef);
    this.#discovery = discovery;
  }

  extend(name: string, factory: DriverFactory): void {
    if (typeof name !== 'string' || name === '' || typeof factory !== 'function') {
      throw new SessionConfigError(
        `SessionManager.extend got ${shown(name)} and ${shown(factory)}; it takes the name of a driver and a function that makes it.`,
      );
    }
    if (this.#booted && [...driversInUse(this.#settings)].includes(name)) {
      throw new SessionConfigError(
        `extend('${name}') came too late: the application has booted with this driver. Call it in a constructor or in onModuleInit.`,
      );
    }
    this.#factories.set(name, factory);
    if (this.#booted) this.#drivers.delete(name);
  }

  /** The factory of a driver that is made for each request, or null. */
  perRequest(name: string): DriverFactory | null {
    const factory = this.#factories.get(name);
    return factory !== undefined && factory.length >= 2 ? factory : null;
  }

  /** The option under a driver's name, or undefined. */
  configOf(name: string): unknown {
    const { given } = this.#settings;
    return Object.hasOwn(given, name) ? given[name] : undefined;
  }

  /** Whether the driver of that name is built in. */
  isBuiltIn(name: string): boolean {
    return this.#builtIn.has(name);
  }

  /**
   * A driver by name.
   *
   * @throws SessionConfigError if there is none, with the names of those that there are; and before the boot
   */
  get(name: string): AnyDriver {
    if (!this.#booted) throw notBooted();
    if (typeof name !== 'string') {
      throw new SessionConfigError(
        `SessionManager.driver got ${shown(name)}; it takes the name of a driver (${this.#names()}).`,
      );
    }
    return this.#made(name);
  }

  #made(name: string): AnyDriver {
    const known = this.#drivers.get(name);
    if (known !== undefined) return known;
    const factory = this.#factories.get(name);
    if (factory === undefined) {
      if (!isBuiltIn(name)) throw this.#unknown(name);
      const lazy = this.#lazy(name, () => this.#makeBuiltIn(name));
      this.#drivers.set(name, lazy);
      return lazy;
    }
    const driver = checkedDriver(name, factory(this.configOf(name), undefined));
    if (this.perRequest(name) === null) this.#drivers.set(name, driver);
    return driver;
  }

  /**
   * Makes and opens the application's own drivers and those in use. A built-in driver that is configured but not
   * in use is opened only on demand: an application may configure several and choose one through the
   * environment. In tests, drivers of the application's own that are not in use are not opened: their stores may not
   * be there.
   */
  async boot(): Promise<void> {
    const inUse: readonly string[] = driversInUse(this.#settings);
    const isMade = (name: string): boolean => inUse.includes(name) || !this.#settings.isTest;
    for (const [name, provided] of providedDrivers(this.#discovery)) {
      // Nest makes it anyway. A test may have put anything in its place.
      this.#drivers.set(name, isMade(name) ? checkedDriver(name, provided) : provided);
    }
    for (const [name, definition] of Object.entries(this.#settings.drivers)) {
      const make = async (): Promise<AnyDriver> =>
        checkedDriver(name, await this.#injection.make(name, definition, this.configOf(name)));
      this.#drivers.set(name, isMade(name) ? await make() : this.#lazy(name, make));
    }
    for (const name of BUILT_IN_NAMES) {
      const wanted = inUse.includes(name) || this.configOf(name) !== undefined;
      if (!wanted || this.#drivers.has(name) || this.#factories.has(name)) continue;
      // Making the driver checks its options. A driver that is not in use does not connect yet.
      const driver = await this.#makeBuiltIn(name);
      this.#builtIn.add(name);
      const isReady = inUse.includes(name) || isSealing(driver);
      this.#drivers.set(name, isReady ? driver : this.#lazy(name, () => driver));
    }
    // A driver made per request may need the request, and there is none yet.
    for (const name of inUse) if (this.perRequest(name) === null) this.#made(name);
    this.#assertExplained();
    for (const [name, driver] of this.#drivers) {
      if (!isSealing(driver) && isMade(name)) await this.#openAtBoot(name, driver);
    }
    this.#booted = true;
  }

  #makeBuiltIn(name: BuiltInDriver): Promise<AnyDriver> {
    return makeBuiltIn(name, this.#settings.given, this.#context, this.#settings.place.keyring);
  }

  /** @param make makes the driver on its first use, when it is opened too */
  #lazy(name: string, make: () => AnyDriver | Promise<AnyDriver>): LazyDriver {
    return new LazyDriver(name, async () => {
      const driver = await make();
      if (isSealing(driver)) {
        throw new SessionConfigError(
          `The session driver "${name}" keeps no records: there is nothing to read.`,
        );
      }
      await driver.open?.(this.configOf(name));
      return driver;
    });
  }

  /**
   * Opens a driver. Neither an unreachable store nor a driver that waits for one keeps the application from
   * booting.
   */
  async #openAtBoot(name: string, driver: RecordDriver): Promise<void> {
    const { storeTimeout } = this.#settings;
    if (driver.caveat !== undefined) this.#log.warn(`The session driver "${name}" ${driver.caveat}`);
    const opening = begun(() => driver.open?.(this.configOf(name)));
    try {
      await waitFor({ driver: name, method: 'open', storeTimeout, call: () => opening });
    } catch (error) {
      if (!(error instanceof DriverHangsError)) throw openError(name, error);
      this.#log.error(`${error.message} The application boots meanwhile.`);
      opening.then(
        () => this.#log.warn(`The session driver "${name}" is open now.`),
        (late: unknown) =>
          this.#log.error(`The session driver "${name}" could not be opened (${failureReason(late)}).`),
      );
    }
  }

  /** Closes all drivers. One that fails or hangs blocks neither the others nor the application's shutdown. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { storeTimeout } = this.#settings;
    for (const [name, driver] of this.#drivers) {
      try {
        await waitFor({ driver: name, method: 'close', storeTimeout, call: () => driver.close?.() });
      } catch (error) {
        const hangs = error instanceof DriverHangsError;
        const failed = `The session driver "${name}" could not be closed (${failureReason(error)}).`;
        this.#log.warn(hangs ? error.message : failed);
      }
    }
  }

  get #context(): DriverContext {
    return {
      clock: systemClock,
      storeTimeout: this.#settings.storeTimeout,
      resolve: (token) => this.#injection.resolve(token),
    };
  }

  #assertExplained(): void {
    const stray = unexplained(this.#settings.given).filter(
      (name) => !this.#drivers.has(name) && !this.#factories.has(name),
    );
    if (stray.length === 0) return;
    throw new SessionConfigError(
      `Unknown option '${stray.join("', '")}': neither an option of the session module (${OPTION_NAMES.join(', ')}) nor the name of a driver (${this.#names()}).${remediesFor(stray, this.#settings.given) || ` ${ownDriver(stray.join("' or '"))}`}`,
    );
  }

  #unknown(name: string): SessionConfigError {
    return new SessionConfigError(
      `There is no session driver "${name}". Known are ${this.#names()}. ${ownDriver(name)}`,
    );
  }

  #names(): string {
    return [...new Set([...BUILT_IN_NAMES, ...this.#drivers.keys(), ...this.#factories.keys()])].join(', ');
  }
}

/** How an application adds a driver of its own, for the error about a name that is no driver. */
function ownDriver(name: string): string {
  return (
    `A driver of your own is a class with @SessionDriver('${name}') among the providers of a module, an entry of ` +
    "the option 'drivers', or made by SessionManager.extend in a constructor or in onModuleInit."
  );
}
