import { setTimeout as sleep } from 'node:timers/promises';
import { isPlaceBound } from '../../drivers/built-in-drivers.js';
import { CookieSafeDriver } from '../../drivers/cookie-safe-driver.js';
import { type AnyDriver, type RecordDriver, isSealing } from '../../drivers/driver.js';
import { TurnQueue } from '../../lifecycle/records/turn-queue.js';
import { RecordBackend } from '../../lifecycle/records/record-backend.js';
import { SealedBackend } from '../../lifecycle/sealed/sealed-backend.js';
import type { SessionBackend } from '../../lifecycle/session-backend.js';
import type { SessionRuntime } from '../../lifecycle/session-runtime.js';
import type { TokenPlace } from '../../lifecycle/token-place.js';
import { optionError } from '../../options/read-option.js';
import type { DriverFactory } from '../../options/session.options.js';
import type { SessionConfigError } from '../../session.errors.js';
import { CAN_LIST } from './driver-capabilities.js';
import { checkedDriver } from './checked-driver.js';
import type { DriverRegistry } from './driver-registry.js';
import { LedgerInUse } from './ledger-in-use.js';
import { notBooted } from './not-booted.js';
import { runtimeElsewhere } from '../make-session-runtime.js';
import type { SessionSettings } from '../session.settings.js';
import { StoreInUse } from './store-in-use.js';

/**
 * The result of `SessionManager.check`.
 *
 * @example
 * const { driver, up, ms }: StoreCheck = await sessions.check(); // 'redis', true, 1
 */
export interface StoreCheck {
  /** The driver in use: what the option `driver` names. */
  readonly driver: string;
  /** Whether its store answered. */
  readonly up: boolean;
  /** How long the answer took, or how long the check waited for it, in whole milliseconds. */
  readonly ms: number;
}

/** What all sessions share whose tokens travel in the same place. */
interface SharedAtPlace {
  readonly runtime: SessionRuntime;
  /** Null if a driver is made for each request, and before the boot. */
  readonly backend: SessionBackend | null;
}

/** The driver that keeps an application's sessions, or the factory that makes one per request, behind its guard. */
export class DriverInUse {
  readonly #settings: SessionSettings;
  readonly #registry: DriverRegistry;
  readonly #runtime: SessionRuntime;
  readonly #queue: TurnQueue;
  readonly #store: StoreInUse;
  /** Null if a driver is made for each request, and before the boot. */
  #driver: AnyDriver | null = null;
  /** Null if sessions live only in cookies or are all records, and before the boot. */
  #ledger: LedgerInUse | null = null;
  /** Keyed by where tokens travel: in the cookie, in a header, or in the cookies of tenants. */
  readonly #shared = new WeakMap<TokenPlace, SharedAtPlace>();
  #perRequest: DriverFactory | null = null;
  #checking: Promise<StoreCheck> | null = null;

  constructor(settings: SessionSettings, registry: DriverRegistry, runtime: SessionRuntime) {
    const { driver: name, storeTimeout: timeout } = settings;
    this.#settings = settings;
    this.#registry = registry;
    this.#runtime = runtime;
    this.#queue = new TurnQueue(timeout / 2);
    this.#store = new StoreInUse(name, settings, registry);
  }

  /**
   * The driver that keeps records of all or some sessions. Null if there is none, or if one is made for each
   * request.
   */
  get recordDriver(): RecordDriver | null {
    if (this.#ledger !== null) return this.#ledger.driver;
    return this.#driver === null || isSealing(this.#driver) ? null : this.#driver;
  }

  /** Takes the driver from the booted registry. @throws SessionConfigError if it lacks what an option needs */
  open(): void {
    const { driver: name } = this.#settings;
    this.#ledger = LedgerInUse.of(this.#settings, this.#registry);
    this.#perRequest = this.#registry.perRequest(name);
    if (this.#perRequest !== null) return;
    this.#driver = this.#registry.get(name);
    this.backendFor(undefined);
  }

  /** Whether a driver is made for each request. */
  get isPerRequest(): boolean {
    return this.#perRequest !== null;
  }

  /** The backend for calls outside any request. @throws SessionConfigError before the boot */
  get backend(): SessionBackend {
    return this.backendFor(undefined);
  }

  /**
   * @param place where the token travels
   * @throws SessionConfigError before the boot
   */
  backendFor(request: unknown, place = this.#settings.place): SessionBackend {
    const { runtime, backend } = this.#shared.get(place) ?? this.#share(place);
    return backend ?? this.#backendOf(this.#madeFor(request), runtime);
  }

  #share(place: TokenPlace): SharedAtPlace {
    const runtime = place === this.#settings.place ? this.#runtime : runtimeElsewhere(this.#runtime, place);
    const driver = this.#driver;
    const shared = { runtime, backend: driver === null ? null : this.#backendOf(driver, runtime) };
    if (driver !== null || this.#perRequest !== null) this.#shared.set(place, shared);
    return shared;
  }

  #madeFor(request: unknown): AnyDriver {
    if (this.#perRequest === null) throw notBooted();
    const { driver: name } = this.#settings;
    return checkedDriver(name, this.#perRequest(this.#registry.configOf(name), request));
  }

  #backendOf(driver: AnyDriver, runtime: SessionRuntime): SessionBackend {
    const { sessionsPerUser, encrypt, payloadSealer } = this.#settings;
    const recorder = isSealing(driver) ? (this.#ledger?.driver ?? null) : driver;
    if (sessionsPerUser !== undefined && recorder?.listByUser === undefined)
      throw cannotCount(this.#records.name);
    if (isSealing(driver)) {
      const isOurs = this.#registry.isBuiltIn(this.#settings.driver) && isPlaceBound(driver);
      const safe = isOurs ? driver.boundTo(runtime.keyring) : new CookieSafeDriver(driver, this.#store.guard);
      const cookies = new SealedBackend(runtime, safe);
      return this.#ledger?.backend(runtime, cookies, this.#queue) ?? cookies;
    }
    const store = this.#store.of(driver, { sealer: payloadSealer, seals: encrypt, opensPlain: true });
    return new RecordBackend(runtime, store, this.#queue, sleep);
  }

  /** Waits for the calls of the store that are under way. */
  callsEnded(): Promise<void> {
    return this.#records.guard.callsEnded();
  }

  /** The store of records, if there are any. */
  get #records(): StoreInUse {
    return this.#ledger?.store ?? this.#store;
  }

  check(): Promise<StoreCheck> {
    return (this.#checking ??= this.#check().finally(() => {
      this.#checking = null;
    }));
  }

  async #check(): Promise<StoreCheck> {
    const begun = performance.now();
    const up = await this.#answers().then(
      () => true,
      () => false,
    );
    return { driver: this.#settings.driver, up, ms: Math.round(performance.now() - begun) };
  }

  async #answers(): Promise<void> {
    const driver = this.#ledger?.driver ?? this.#driver ?? this.#madeFor(undefined);
    if (!isSealing(driver)) await this.#records.answers(driver);
  }
}

function cannotCount(driver: string): SessionConfigError {
  return optionError(
    'sessionsPerUser',
    `needs a driver that can list the sessions of a user, and "${driver}" cannot. ${CAN_LIST}`,
  );
}
