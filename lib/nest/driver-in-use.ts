import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { systemClock } from '../drivers/clock.js';
import { type AnyDriver, isPlaceBound, isSealing } from '../drivers/built-in-drivers.js';
import { CookieSafeDriver } from '../drivers/cookie-safe-driver.js';
import { encryptedStore } from '../drivers/encrypted-store.js';
import type { RecordDriver } from '../drivers/driver.js';
import { guardedDriver, recordAnswered } from '../drivers/guard/guarded-driver.js';
import { StoreGuard } from '../drivers/guard/store-guard.js';
import { CHANNELS } from '../events/channels.js';
import { CommitQueue } from '../lifecycle/commit-queue.js';
import { RecentEndings } from '../lifecycle/recent-endings.js';
import { RecordBackend } from '../lifecycle/record-backend.js';
import { SealedBackend } from '../lifecycle/sealed-backend.js';
import type { RecordStore } from '../lifecycle/record-store.js';
import type { SessionBackend } from '../lifecycle/session-backend.js';
import type { SessionRuntime } from '../lifecycle/session-runtime.js';
import type { TokenPlace } from '../lifecycle/token-place.js';
import { optionError } from '../options/check.js';
import type { DriverFactory } from '../options/session.options.js';
import { SessionConfigError } from '../session.errors.js';
import type { DriverRegistry } from './driver-registry.js';
import { LedgerInUse } from './ledger-in-use.js';
import { runtimeElsewhere } from './session-runtime.js';
import type { SessionSettings } from './session.settings.js';

/** What `SessionManager.check` found. */
export interface StoreCheck {
  /** The driver in use: what the option `driver` names. */
  readonly driver: string;
  /** Whether its store has answered. */
  readonly up: boolean;
  /** How long that took, or how long it was waited for, in whole milliseconds. */
  readonly ms: number;
}

/** No session has this id: those that are made are 43 characters long. One for all checks, so that a failure is remembered once. */
const CHECK_ID = 'nestjs-session-kit.check';

/** What the sessions share whose tokens travel in one place. */
interface Whereabouts {
  readonly runtime: SessionRuntime;
  /** Null with a driver that is made for each request, and before the boot. */
  readonly backend: SessionBackend | null;
}

/** The driver that an application's sessions live on, or the factory that makes one for each request, behind its guard. */
export class DriverInUse {
  readonly #settings: SessionSettings;
  readonly #registry: DriverRegistry;
  readonly #runtime: SessionRuntime;
  readonly #queue: CommitQueue;
  /** Also where a driver is made for each request: they are ways to one store. */
  readonly #guard: StoreGuard;
  readonly #endings: RecentEndings;
  #driver: AnyDriver | null = null;
  /** Null with a driver that is made for each request, and before the boot. */
  #backend: SessionBackend | null = null;
  /** Null where sessions live in cookies alone, or are all records, and before the boot. */
  #ledger: LedgerInUse | null = null;
  /** For tokens that travel in a header, or in the cookies of tenants. */
  readonly #elsewhere = new WeakMap<TokenPlace, Whereabouts>();
  #perRequest: DriverFactory | null = null;
  #checking: Promise<StoreCheck> | null = null;

  constructor(settings: SessionSettings, registry: DriverRegistry, runtime: SessionRuntime) {
    const { driver: name, storeTimeout: timeout } = settings;
    this.#settings = settings;
    this.#registry = registry;
    this.#runtime = runtime;
    this.#endings = new RecentEndings(systemClock, runtime.live);
    this.#queue = new CommitQueue(timeout / 2);
    this.#guard = new StoreGuard({ name, timeout, log: new Logger('SessionModule') });
  }

  /** Null where one is made for each request, and before the boot. */
  get driver(): AnyDriver | null {
    return this.#driver;
  }

  /** The driver that keeps records, of all sessions or of some. Null where none does, or one is made for each request. */
  get recordDriver(): RecordDriver | null {
    if (this.#ledger !== null) return this.#ledger.driver;
    return this.#driver === null || isSealing(this.#driver) ? null : this.#driver;
  }

  /** Takes the driver from the registry, once that has booted. Null where one is made for each request. */
  open(): AnyDriver | null {
    const { driver: name } = this.#settings;
    this.#ledger = LedgerInUse.of(this.#settings, this.#registry);
    this.#perRequest = this.#registry.perRequest(name);
    if (this.#perRequest !== null) return null;
    this.#driver = this.#registry.get(name);
    this.#backend = this.#backendOf(this.#driver, this.#runtime);
    return this.#driver;
  }

  /** Whether a driver is made anew for each request. */
  get isPerRequest(): boolean {
    return this.#perRequest !== null;
  }

  /** For calls outside of any request; null before the boot. */
  backend(): SessionBackend | null {
    return this.#perRequest === null ? this.#backend : this.backendFor(undefined, this.#settings.place);
  }

  /** What sessions share whose tokens travel there. */
  runtimeAt(place: TokenPlace): SessionRuntime {
    return place === this.#settings.place ? this.#runtime : this.#at(place).runtime;
  }

  /** @throws SessionConfigError before the boot */
  backendFor(request: unknown, place: TokenPlace): SessionBackend {
    const backend = place === this.#settings.place ? this.#backend : this.#at(place).backend;
    return backend ?? this.#backendOf(this.#madeFor(request), this.runtimeAt(place));
  }

  #at(place: TokenPlace): Whereabouts {
    const known = this.#elsewhere.get(place);
    if (known !== undefined) return known;
    const runtime = runtimeElsewhere(this.#runtime, place);
    const driver = this.#driver;
    const made = { runtime, backend: driver === null ? null : this.#backendOf(driver, runtime) };
    if (driver !== null || this.#perRequest !== null) this.#elsewhere.set(place, made);
    return made;
  }

  #madeFor(request: unknown): AnyDriver {
    if (this.#perRequest === null) throw notBooted();
    const { driver: name } = this.#settings;
    return this.#registry.checked(name, this.#perRequest(this.#registry.configOf(name), request));
  }

  #backendOf(driver: AnyDriver, runtime: SessionRuntime): SessionBackend {
    const { driver: name, sessionsPerUser } = this.#settings;
    const recorder = isSealing(driver) ? (this.#ledger?.driver ?? null) : driver;
    if (sessionsPerUser !== undefined && recorder?.listByUser === undefined)
      throw cannotCount(this.#ledger?.name ?? name);
    if (isSealing(driver)) {
      const bound = this.#isOurs && isPlaceBound(driver) ? driver.boundTo(runtime.keyring) : driver;
      const safe = this.#isOurs ? bound : new CookieSafeDriver(name, driver, this.#guard);
      const cookies = new SealedBackend(runtime, safe, this.#endings);
      return this.#ledger?.backend(runtime, cookies, this.#queue, this.#endings) ?? cookies;
    }
    return new RecordBackend(runtime, this.#storeOf(driver), this.#queue, sleep, this.#endings);
  }

  #storeOf(driver: RecordDriver): RecordStore {
    const { encrypt, payloadSealer } = this.#settings;
    // Memory answers at once and cannot fail: a guard around each of its calls would cost more than they do.
    const store = this.#isMemory ? driver : guardedDriver(driver, this.#guard);
    // What was sealed before the option was switched off is still opened, and memory has nothing from before.
    if (this.#isMemory && !encrypt) return store;
    return encryptedStore(store, { sealer: payloadSealer, seals: encrypt, onOldSecret: this.#oldSecret });
  }

  readonly #oldSecret = (position: number): void => {
    const channel = CHANNELS['old-secret'];
    const { driver } = this.#settings;
    if (channel.isHeard) channel.publish({ driver, at: systemClock.now(), opened: 'record', position });
  };

  get #isOurs(): boolean {
    return this.#registry.isBuiltIn(this.#settings.driver);
  }

  get #isMemory(): boolean {
    return this.#isOurs && this.#settings.driver === 'memory';
  }

  check(): Promise<StoreCheck> {
    return (this.#checking ??= this.#check().finally(() => {
      this.#checking = null;
    }));
  }

  async #check(): Promise<StoreCheck> {
    const begun = performance.now();
    const up = await this.#answers().catch(() => false);
    return { driver: this.#settings.driver, up, ms: Math.round(performance.now() - begun) };
  }

  async #answers(): Promise<boolean> {
    if (this.#ledger !== null) return this.#ledger.answers(CHECK_ID);
    const driver = this.#driver ?? this.#madeFor(undefined);
    if (isSealing(driver) || this.#isMemory) return true;
    const read = (): Promise<unknown> => driver.read(CHECK_ID);
    await this.#guard.probe(CHECK_ID, driver, read, (answer) =>
      recordAnswered(this.#settings.driver, 'read', answer),
    );
    return true;
  }
}

function cannotCount(driver: string): SessionConfigError {
  return optionError(
    'sessionsPerUser',
    `needs a driver that can list the sessions of a user, and "${driver}" cannot. memory, file, database and redis can; a driver of ` +
      'your own takes a method listByUser.',
  );
}

function notBooted(): SessionConfigError {
  return new SessionConfigError(
    'A session was asked for before the application had booted. Call `await app.init()` or `await app.listen()` first.',
  );
}
