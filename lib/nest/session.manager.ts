import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AnyDriver } from '../drivers/driver.js';
import { CAN_KEEP } from './drivers/driver-capabilities.js';
import type { StoreCheck } from './drivers/driver-in-use.js';
import { DriverRegistry } from './drivers/driver-registry.js';
import { recordedAs } from '../lifecycle/users/recorded-user.js';
import type { DriverFactory } from '../options/session.options.js';
import { SessionLifecycles } from './session-lifecycles.js';
import { givenHandle, givenId, sparedHandle } from './manager-arguments.js';
import { SESSION_SETTINGS, type SessionSettings, driversInUse } from './session.settings.js';
import { JOB_DOOR, VALUES_DOOR, assertRunnable, runStored, runWithValues } from './session-run.js';
import { givenUser } from '../session/given-user.js';
import type { RequestSession } from '../session/request-session.js';
import type { SessionData } from '../session/session-data.js';
import type { Readable } from '../session/session-keys.js';
import { ListCursors } from './list-cursors.js';
import {
  type ReadSession,
  type SessionPage,
  type StoredSession,
  aboutSessions,
  readSession,
} from './listed-session.js';

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
  readonly #cursors: ListCursors;
  readonly #log = new Logger('SessionModule');
  /** @internal */
  readonly lifecycles: SessionLifecycles;

  /** Made by the module: inject it. */
  constructor(@Inject(SESSION_SETTINGS) settings: SessionSettings, registry: DriverRegistry) {
    this.#settings = settings;
    this.#registry = registry;
    this.#cursors = new ListCursors(settings.cursorSealer, driversInUse(settings));
    this.lifecycles = new SessionLifecycles(settings, registry, this.#log);
  }

  /**
   * A driver by name.
   *
   * @param name default: the one that the option `driver` names. One that is made for each request is made anew here,
   * without a request.
   * @returns the driver itself: calls on it have no time limit, and fail with whatever it throws
   * @throws SessionConfigError where there is no such driver; lists the known ones
   * @example
   * const redis = manager.driver('redis');
   */
  driver(name?: string): AnyDriver {
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
   * What is kept under an id. Null where there is nothing; always null with a sealing driver, which keeps nothing, and null for whoever
   * is not signed in with a ledger of `stealth`.
   *
   * @param id the raw id (`session.id`), not what the cookie holds
   * @throws SessionValueError where it is no text, or empty
   * @throws SessionStoreError where the store fails
   * @example
   * const cart = (await this.sessions.read(id))?.values['cart'];
   */
  async read(id: string): Promise<ReadSession | null> {
    const record = (await this.lifecycles.records?.store.read(givenId('read', id))) ?? null;
    if (record === null) return null;
    return readSession(id, record, this.#settings.serializer, this.lifecycles.runtime.lifetimes);
  }

  /**
   * The live sessions of a user, on all devices, the one that was active last first.
   *
   * @param userId what stands in his sessions under the option `userKey`; a number counts as its text
   * @throws SessionValueError where `userId` names nobody: null, undefined, empty text
   * @throws SessionConfigError with a driver that cannot list: `memcached`, `stealth` without a ledger, or one of your own without
   * `listByUser`
   * @throws SessionStoreError where the store fails
   * @example
   * devices(@Session('userId') userId: string) { return this.sessions.list(userId); }
   */
  async list(userId: string | number): Promise<StoredSession[]> {
    const sessions = await this.lifecycles.users.list(recordedAs(givenUser('SessionManager.list', userId)));
    return aboutSessions(sessions, this.lifecycles.runtime.lifetimes);
  }

  /**
   * Some of the live sessions of a user, as many as the driver reads at a time: for one who has thousands. The pages come in no
   * order, and each has the latest first. A session that is there from the first page to the last is on one of them, however many others
   * begin and end meanwhile. (With `redis`, where many end, it may be on two: its `handle` tells.) One whose id changes between two pages
   * may be on both; or on none, where they are asked for more than half a minute apart.
   *
   * @param userId as `list` takes it
   * @param cursor of the page before. Default: the first page
   * @throws SessionValueError where `userId` names nobody; 400 where `cursor` is none that came for this user: it comes from a link
   * @throws SessionConfigError with a driver that cannot list
   * @throws SessionStoreError where the store fails
   * @example
   * devices(@Session('userId') userId: string, @Query('after') after?: string) { return this.sessions.listPage(userId, after); }
   */
  async listPage(userId: string | number, cursor?: string | null): Promise<SessionPage> {
    const user = recordedAs(givenUser('SessionManager.listPage', userId));
    const page = await this.lifecycles.users.page(user, this.#cursors.open(user, cursor));
    return {
      sessions: aboutSessions(page.sessions, this.lifecycles.runtime.lifetimes),
      cursor: page.next === null ? null : this.#cursors.seal(user, page.next),
    };
  }

  /**
   * Ends one session of a user: on the phone that he has lost. Requests under way cannot bring it back.
   *
   * @param handle `session.handle`, or what `list` gave
   * @returns false where he has no such session (any more); nothing happens to a session of another user's
   * @throws SessionValueError where `userId` names nobody; 400 where `handle` is no text, or empty: it comes from a form
   * @throws SessionConfigError with a driver that cannot list
   * @throws SessionStoreError where the store fails
   * @example
   * await manager.end(userId, handle); // a handle that `list` gave
   */
  async end(userId: string | number, handle: string): Promise<boolean> {
    const user = recordedAs(givenUser('SessionManager.end', userId));
    return this.lifecycles.users.end(user, givenHandle(handle));
  }

  /**
   * Ends all sessions of a user: after his password was changed, but for the one that changed it.
   *
   * @param options `except`: a session that goes on. Default: none does
   * @returns how many ended
   * @throws SessionValueError where `userId` names nobody, or `except` is no session
   * @throws SessionConfigError with a driver that cannot list
   * @throws SessionStoreError where the store fails
   * @example
   * await this.sessions.endAll(userId, { except: session });
   */
  async endAll(
    userId: string | number,
    options: { except?: { readonly handle: string } } = {},
  ): Promise<number> {
    const user = recordedAs(givenUser('SessionManager.endAll', userId));
    return this.lifecycles.users.endAll(user, sparedHandle(options));
  }

  /**
   * Ends a session, wherever it has moved to meanwhile. Requests under way cannot bring it back. No error where there
   * is none. With a sealing driver that has no ledger nothing happens but a warning in the log: a cookie cannot be revoked. With one, an id of
   * which the ledger knows nothing is entered as ended, for as long as any cookie could be good.
   *
   * @param id the raw id (`session.id`), not what the cookie holds
   * @throws SessionValueError where it is no text, or empty
   * @throws SessionStoreError where the store fails
   * @example
   * await manager.destroy(session.id);
   */
  async destroy(id: string): Promise<void> {
    const ending = givenId('destroy', id);
    const { records } = this.lifecycles;
    if (records === null) {
      this.#log.warn(
        `SessionManager.destroy does nothing with the driver "${this.#settings.driver}": it keeps no sessions, so none can be ended from here. ${CAN_KEEP}`,
      );
      return;
    }
    await records.end(ending);
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
    if (typeof whose !== 'string')
      return runWithValues(this.lifecycles.detachedHost(VALUES_DOOR, []), whose, fn);
    const host = this.lifecycles.detachedHost(JOB_DOOR, [this.#settings.keyring.sign(whose)]);
    return runStored(host, fn, this.#log, driversInUse(this.#settings).length > 1);
  }

  /**
   * Whether the store of the driver in use answers now, for health pages. Asks it for a record that is not there; no session
   * is read, and none is made. A driver that keeps sessions in cookies or in this process is up at once; with a ledger of `stealth`, that one is asked. Says nothing about
   * whether the store has room for more.
   *
   * @returns always, within `storeTimeout`; never throws. Calls at one time share one question
   * @example
   * const { up, ...details } = await this.sessions.check(); // details: { driver: 'redis', ms: 1 }
   */
  check(): Promise<StoreCheck> {
    return this.lifecycles.driverInUse.check();
  }

  /**
   * Removes expired records now. Happens by itself as often as the option `gc` says.
   *
   * @returns how many; 0 for drivers whose store expires records by itself
   * @throws SessionStoreError where the driver did not get on for ten times the option `storeTimeout`: the next call begins a round
   * of its own; and whatever the driver throws
   * @example
   * const removed = await manager.collectGarbage();
   */
  collectGarbage(): Promise<number> {
    return this.lifecycles.garbage.collect();
  }
}
