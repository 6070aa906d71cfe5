import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { systemClock } from '../drivers/clock.js';
import { type AnyDriver, isSealing } from '../drivers/built-in-drivers.js';
import { CookieSafeDriver } from '../drivers/cookie-safe-driver.js';
import type { SessionRecord } from '../drivers/driver.js';
import { failureReason } from '../drivers/guard/failure-reason.js';
import { guardedDriver } from '../drivers/guard/guarded-driver.js';
import { StoreGuard } from '../drivers/guard/store-guard.js';
import { DriverRegistry } from './driver-registry.js';
import { CommitQueue } from '../lifecycle/commit-queue.js';
import { Lifetimes } from '../lifecycle/lifetimes.js';
import { LiveSessions } from '../lifecycle/live-sessions.js';
import { RecentEndings } from '../lifecycle/recent-endings.js';
import { RecordBackend } from '../lifecycle/record-backend.js';
import { SealedBackend } from '../lifecycle/sealed-backend.js';
import type { SessionBackend } from '../lifecycle/session-backend.js';
import { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import type { Client, SessionRuntime } from '../lifecycle/session-runtime.js';
import { StoreFaults } from '../lifecycle/store-faults.js';
import { TokenLimit } from '../lifecycle/token-limit.js';
import type { Place, Watch } from '../lifecycle/watch.js';
import { isProduction } from '../options/production.js';
import { SessionConfigError, SessionError } from '../session.errors.js';
import type { DriverFactory } from '../options/session.options.js';
import { SESSION_SETTINGS, type SessionSettings } from './session.settings.js';
import { JOB_DOOR, VALUES_DOOR, assertRunnable, runStored, runWithValues } from './session-run.js';
import type { RequestSession } from '../session/request-session.js';
import type { SessionData } from '../session/session-data.js';
import type { Readable } from '../session/session-keys.js';
import { DetachedHost, type Door } from '../session/detached-host.js';
import type { ConsumesFlash } from '../state/flash-state.js';
import { ownValues, parsePayload } from '../state/payload.js';
import type { Values } from '../state/values.js';

/** What is kept of a session, read from outside any request. */
export interface StoredSession extends SessionRecord {
  /** The raw id that it was read by. */
  readonly id: string;
  /** The values. A copy: changing it changes nothing. */
  readonly values: Values;
  /** When the session began, in epoch ms. */
  readonly createdAt: number;
}

/**
 * The one manager of an application's sessions: its drivers, and what can be done to sessions from outside a request.
 *
 * @example
 * constructor(private readonly sessions: SessionManager) {}
 * signOutEverywhere(ids: string[]) { return Promise.all(ids.map((id) => this.sessions.destroy(id))); }
 */
@Injectable()
export class SessionManager {
  readonly #settings: SessionSettings;
  readonly #registry: DriverRegistry;
  readonly #queue: CommitQueue;
  readonly #runtime: SessionRuntime;
  readonly #log = new Logger('SessionModule');
  /** Of the driver in use, also where one is made for each request: they are ways to one store. */
  readonly #guard: StoreGuard;
  readonly #endings: RecentEndings;
  #driver: AnyDriver | null = null;
  /** Null with a driver that is made for each request, and before the boot. */
  #backend: RecordBackend | SealedBackend | null = null;
  #perRequest: DriverFactory | null = null;
  #collector: NodeJS.Timeout | null = null;
  #collecting: Promise<number> | null = null;

  /** Made by the module: inject it. */
  constructor(@Inject(SESSION_SETTINGS) settings: SessionSettings, registry: DriverRegistry) {
    this.#settings = settings;
    this.#registry = registry;
    this.#queue = new CommitQueue(settings.storeTimeout / 2);
    this.#guard = new StoreGuard({
      name: settings.driver,
      timeout: settings.storeTimeout,
      log: this.#log,
    });
    const live = new LiveSessions(systemClock, settings.sockets.checkEvery);
    this.#endings = new RecentEndings(systemClock, live);
    this.#runtime = {
      clock: systemClock,
      keyring: settings.keyring,
      serializer: settings.serializer,
      log: this.#log,
      faults: new StoreFaults(this.#log, systemClock),
      lifetimes: new Lifetimes(systemClock, { ...settings, absoluteAge: settings.absoluteAge ?? Infinity }),
      live,
      degrade: settings.whenStoreFails === 'degrade',
      userKey: settings.userKey,
      tokenLimit: new TokenLimit(
        settings.cookie.maxTokenLength,
        settings.serializer,
        isProduction() ? null : this.#log,
      ),
    };
  }

  /**
   * A driver by name.
   *
   * @param name default: the one that the option `driver` names. One that is made for each request is made anew here,
   * without a request.
   * @returns the driver itself: calls on it have no time limit, and fail with whatever it throws
   * @throws SessionConfigError where there is no such driver; lists the known ones
   */
  driver(name?: string): AnyDriver {
    if (name === undefined || name === this.#settings.driver) {
      if (this.#driver !== null) return this.#driver;
    }
    return this.#registry.get(name ?? this.#settings.driver);
  }

  /**
   * Adds a driver of your own, before the application has booted: in a constructor, or in `onModuleInit`.
   *
   * @param name what the option `driver` names
   * @param factory gets the option under the driver's name. If it takes a second argument, it is called anew for each
   * request and gets that request; otherwise once. Outside a request (`read`, `destroy`, `collectGarbage`) that argument
   * is undefined; `gc` and `open` leave such drivers alone.
   * @throws SessionConfigError where the arguments are wrong, or the application has booted with the driver of that name
   * @example
   * sessions.extend('mongo', (config) => new MongoDriver(this.mongo, config))
   */
  extend(name: string, factory: DriverFactory): this {
    this.#registry.extend(name, factory);
    return this;
  }

  /**
   * What is kept under an id. Null where there is nothing; always null with a sealing driver, which keeps nothing.
   *
   * @param id the raw id (`session.id`), not what the cookie holds
   * @throws SessionStoreError where the store fails
   * @example
   * const cart = (await this.sessions.read(id))?.values['cart'];
   */
  async read(id: string): Promise<StoredSession | null> {
    const record = (await this.#records()?.store.read(id)) ?? null;
    if (record === null) return null;
    const { serializer } = this.#settings;
    const parsed = parsePayload(record.payload, serializer);
    if (parsed.kind !== 'session') return null;
    const values = ownValues(parsed.payload.d, record.payload, serializer);
    return { ...record, id, values, createdAt: parsed.payload.c };
  }

  /**
   * Ends a session, wherever it has moved to meanwhile. Requests under way cannot bring it back. No error where there
   * is none. With a sealing driver nothing happens but a warning in the log: a cookie cannot be revoked.
   *
   * @param id the raw id (`session.id`), not what the cookie holds
   * @throws SessionStoreError where the store fails
   */
  async destroy(id: string): Promise<void> {
    const records = this.#records();
    if (records === null) {
      this.#log.warn(
        `SessionManager.destroy does nothing with the driver "${this.#settings.driver}": it keeps no sessions, so none can be ended from here.`,
      );
      return;
    }
    await records.remover.end(id, 0);
  }

  /**
   * Runs a function with a session where no visitor is at hand: in a job, a timer, a message handler, a command. The facade
   * (`Session.get(...)`) and the argument are that session; what is written is committed when the function is through, merged
   * with what requests write meanwhile. What would need a cookie (a new id, to begin a session) throws SessionReadonlyError.
   * Flash messages are neither shown nor used up: what is flashed here, the visitor's next page shows. It is no visit: the
   * session lives no longer for it.
   *
   * @param whose the raw id (`session.id`) of a stored session; one that `regenerate` has just moved is found as well. Or
   * values, names taken literally: then the session holds a copy of them, for the function alone, and nothing is stored
   * @param fn may return a promise, and is waited for. Where it throws, nothing is committed and the error goes on
   * @returns what the function returned
   * @throws NoSessionError where no session is stored under that id (any more), or the driver stores none; the function is not
   * called
   * @throws SessionStoreError where the store fails: before the function is called, also with `whenStoreFails: 'degrade'`, or at
   * the commit
   * @throws SessionValueError where `whose` is neither, or a value cannot be stored
   * @example
   * await this.sessions.run(job.data.sessionId, async (session) => {
   *   session.flash('status', `Your export is ready: ${await this.exports.write(session.get('filter'))}`);
   * });
   */
  async run<R>(
    whose: string | Readable<SessionData>,
    fn: (session: RequestSession) => R | PromiseLike<R>,
  ): Promise<R> {
    assertRunnable(whose, fn);
    if (typeof whose !== 'string') return runWithValues(this.detachedHost(VALUES_DOOR, []), whose, fn);
    return runStored(this.detachedHost(JOB_DOOR, [this.#settings.keyring.sign(whose)]), fn, this.#log);
  }

  /** Null with a sealing driver. */
  #records(): RecordBackend | null {
    const backend = this.#perRequest === null ? this.#backend : this.#backendOf(this.driver());
    return backend instanceof RecordBackend ? backend : null;
  }

  /**
   * Removes expired records now. Happens by itself as often as the option `gc` says.
   *
   * @returns how many; 0 for drivers whose store expires records by itself
   */
  collectGarbage(): Promise<number> {
    // One round at a time: a slow one is joined, not raced.
    return (this.#collecting ??= this.#collect().finally(() => {
      this.#collecting = null;
    }));
  }

  async #collect(): Promise<number> {
    const driver = this.driver();
    if (isSealing(driver)) return 0;
    return (await driver.collectGarbage?.(systemClock.now())) ?? 0;
  }

  // ---- for the package itself ----------------------------------------------------------------------------------

  /**
   * Makes and opens the drivers.
   *
   * @internal
   */
  async boot(): Promise<void> {
    const { driver: name, gc } = this.#settings;
    await this.#registry.boot(name);
    this.#perRequest = this.#registry.perRequest(name);
    if (this.#perRequest !== null) return;
    const driver = this.#registry.get(name);
    this.#driver = driver;
    this.#backend = this.#backendOf(driver);
    if (!isSealing(driver) && driver.collectGarbage !== undefined && gc !== false) this.#collectEvery(gc);
    if (name === 'memory' && this.#registry.isBuiltIn(name) && isProduction()) {
      this.#log.warn(
        "The driver 'memory' forgets all sessions with the process and shares them with no other. Fine for one process that may forget; otherwise choose another driver.",
      );
    }
  }

  /** @internal */
  async shutdown(): Promise<void> {
    this.#runtime.live.close();
    if (this.#collector !== null) clearInterval(this.#collector);
    await this.#collecting?.catch(() => undefined);
    await this.#registry.close();
  }

  /** @internal */
  createLifecycle(ages: ConsumesFlash, clientOf: (() => Client) | null, request: unknown): SessionLifecycle {
    return new SessionLifecycle(this.#runtime, this.#backend ?? this.#backendFor(request), ages, clientOf);
  }

  /**
   * Where a session lives that no cookie can be sent for.
   *
   * @internal
   */
  detachedHost(
    door: Door,
    tokens: readonly string[],
    request?: unknown,
    clientOf: (() => Client) | null = null,
  ): DetachedHost {
    const settings = { lifecycles: this, cookieAttributes: this.#settings.cookie.attributes, log: this.#log };
    return new DetachedHost(settings, door, tokens, request, clientOf);
  }

  /**
   * Watches a session from outside a request, until it is stopped.
   *
   * @param place its id, and when it expires, epoch ms
   * @internal
   */
  watch(place: Place): Watch {
    return this.#runtime.live.watch(place, this.#records()?.locate ?? null);
  }

  #backendFor(request: unknown): SessionBackend {
    if (this.#perRequest === null) throw notBooted();
    const { driver: name } = this.#settings;
    return this.#backendOf(
      this.#registry.checked(name, this.#perRequest(this.#registry.configOf(name), request)),
    );
  }

  #backendOf(driver: AnyDriver): RecordBackend | SealedBackend {
    const { driver: name } = this.#settings;
    const isOurs = this.#registry.isBuiltIn(name);
    if (isSealing(driver)) {
      const safe = isOurs ? driver : new CookieSafeDriver(name, driver, this.#guard);
      return new SealedBackend(this.#runtime, safe, this.#endings);
    }
    // Memory answers at once and cannot fail: a guard around each of its calls would cost more than they do.
    const store = name === 'memory' && isOurs ? driver : guardedDriver(driver, this.#guard);
    return new RecordBackend(this.#runtime, store, this.#queue, sleep);
  }

  #collectEvery(interval: number): void {
    this.#collector = setInterval(() => {
      this.collectGarbage().catch((error: unknown) => {
        this.#log.warn(
          `Expired sessions could not be removed this time (${reasonOf(error)}); it is tried again.`,
        );
      });
    }, interval);
    this.#collector.unref();
  }
}

/** An error of ours as it says itself; of any other only what cannot hold an id or a payload. */
function reasonOf(error: unknown): string {
  if (error instanceof SessionError) return error.message;
  return failureReason(error) || 'an unknown error';
}

function notBooted(): SessionConfigError {
  return new SessionConfigError(
    'A session was asked for before the application had booted. Call `await app.init()` or `await app.listen()` first.',
  );
}
