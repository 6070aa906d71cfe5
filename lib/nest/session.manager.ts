import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AnyDriver } from '../drivers/driver.js';
import { endsNone } from './drivers/driver-capabilities.js';
import type { StoreCheck } from './drivers/driver-in-use.js';
import { DriverRegistry } from './drivers/driver-registry.js';
import { recordedAs } from '../lifecycle/users/recorded-user.js';
import type { DriverFactory } from '../options/session.options.js';
import { SessionLifecycles } from './session-lifecycles.js';
import { givenHandle, givenId, exceptedHandle } from './manager-arguments.js';
import { SESSION_SETTINGS, type SessionSettings, driversInUse } from './session.settings.js';
import { JOB, JOB_WITH_VALUES, assertRunnable, runStored, runWithValues, tokensOf } from './session-run.js';
import { givenUser } from '../session/given-user.js';
import type { RequestSession } from '../session/request-session.js';
import type { SessionData } from '../session/session-data.js';
import { sessionContext } from '../session/session.context.js';
import type { Readable } from '../session/session-keys.js';
import { ListCursors } from './list-cursors.js';
import { destroyUnstored, subjectUnderWay, tellEnded, tellingFailure } from './sessions-under-way.js';
import {
  type ReadSession,
  type SessionPage,
  type StoredSession,
  aboutSessions,
  readSession,
} from './listed-session.js';

/**
 * Manages an application's sessions: its drivers, and operations on sessions from outside a request.
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
  readonly #lifecycles: SessionLifecycles;

  /** Created by the module: inject it. */
  constructor(
    @Inject(SESSION_SETTINGS) settings: SessionSettings,
    @Inject(DriverRegistry) registry: DriverRegistry,
    @Inject(SessionLifecycles) lifecycles: SessionLifecycles,
  ) {
    this.#settings = settings;
    this.#registry = registry;
    this.#cursors = new ListCursors(settings.cursorSealer, driversInUse(settings));
    this.#lifecycles = lifecycles;
  }

  /**
   * A driver by name.
   *
   * @param name default: the driver that the option `driver` names. A driver that is made for each request is
   * made anew here, without a request.
   * @returns the driver itself: calls on it have no time limit, and its errors reach you unchanged
   * @throws SessionConfigError if there is no such driver (lists the known ones), or before the application has booted
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
   * @param factory gets the option under the driver's name. If it takes a second argument, it is called for
   * each request and gets that request (undefined from the methods of `SessionManager`, also during a request;
   * `gc` and `open` skip such drivers); otherwise it is called once.
   * @throws SessionConfigError if the arguments are wrong, or the application has already booted with the
   * driver of that name
   * @example
   * sessions.extend('mongo', (config) => new MongoDriver(this.mongo, config))
   */
  extend(name: string, factory: DriverFactory): this {
    this.#registry.extend(name, factory);
    return this;
  }

  /**
   * Reads the session stored under an id. Null if there is none. Always null with a sealing driver, which
   * stores nothing; with a ledger of `stealth`, null for sessions that nobody is signed in to.
   *
   * @param id the raw id (`session.id`), not the cookie value
   * @throws SessionValueError if it is not a string, or empty
   * @throws SessionStoreError if the store fails
   * @example
   * const cart = (await this.sessions.read(id))?.values['cart'];
   */
  async read(id: string): Promise<ReadSession | null> {
    const asked = givenId('read', id);
    const record = await tellingFailure(this.#lifecycles.records?.store.read(asked));
    if (record === undefined || record === null) return null;
    return readSession(id, record, this.#settings.serializer, this.#lifecycles.runtime.lifetimes);
  }

  /**
   * The live sessions of a user on all devices, most recently active first.
   *
   * @param userId the value under the option `userKey` in the user's sessions; a number counts as its text
   * @throws SessionValueError if `userId` names nobody: null, undefined, empty string
   * @throws SessionConfigError with a driver that cannot list: `memcached`, `stealth` without a ledger, or one
   * of your own without `listByUser`
   * @throws SessionStoreError if the store fails
   * @example
   * devices(@Session('userId') userId: string) { return this.sessions.list(userId); }
   */
  async list(userId: string | number): Promise<StoredSession[]> {
    const user = recordedAs(givenUser('SessionManager.list', userId));
    const sessions = await tellingFailure(this.#lifecycles.users.list(user));
    return aboutSessions(sessions, this.#lifecycles.runtime.lifetimes);
  }

  /**
   * One page of a user's live sessions, as many as the driver reads at a time; for users with thousands of
   * sessions. Pages come in no particular order; each is sorted latest first. A session that exists from the
   * first page to the last is on one of them, however many others begin and end meanwhile. (With `redis`, it
   * may be on two pages if many end; compare the `handle`.) A session whose id changes between two pages may be
   * on both, or on neither if they are requested more than half a minute apart.
   *
   * @param userId as for `list`
   * @param cursor of the previous page. Default: the first page
   * @throws SessionValueError if `userId` names nobody; 400 if `cursor`, which comes from a link, was not
   * issued for this user
   * @throws SessionConfigError with a driver that cannot list
   * @throws SessionStoreError if the store fails
   * @example
   * devices(@Session('userId') userId: string, @Query('after') after?: string) { return this.sessions.listPage(userId, after); }
   */
  async listPage(userId: string | number, cursor?: string | null): Promise<SessionPage> {
    const user = recordedAs(givenUser('SessionManager.listPage', userId));
    const page = await tellingFailure(this.#lifecycles.users.page(user, this.#cursors.open(user, cursor)));
    return {
      sessions: aboutSessions(page.sessions, this.#lifecycles.runtime.lifetimes),
      cursor: page.next === null ? null : this.#cursors.seal(user, page.next),
    };
  }

  /**
   * Ends one session of a user, for example on a lost phone. Requests under way cannot bring it back.
   *
   * @param userId as for `list`
   * @param handle `session.handle`, or a handle from `list`
   * @returns false if the user has no such session (any more); sessions of other users are never affected
   * @throws SessionValueError if `userId` names nobody; 400 if `handle`, which comes from a form, is not a
   * string or empty
   * @throws SessionConfigError with a driver that cannot list
   * @throws SessionStoreError if the store fails
   * @example
   * await manager.end(userId, handle); // a handle that `list` gave
   */
  async end(userId: string | number, handle: string): Promise<boolean> {
    const user = recordedAs(givenUser('SessionManager.end', userId));
    return tellingFailure(this.#lifecycles.users.end(user, givenHandle(handle), tellEnded));
  }

  /**
   * Ends all sessions of a user, for example all but the current one after a password change.
   *
   * @param userId as for `list`
   * @param options `except`: a session to keep. Default: none
   * @returns how many ended
   * @throws SessionValueError if `userId` names nobody, or `except` is no session
   * @throws SessionConfigError with a driver that cannot list
   * @throws SessionStoreError if the store fails
   * @example
   * await this.sessions.endAll(userId, { except: session });
   */
  async endAll(
    userId: string | number,
    options: { except?: { readonly handle: string } } = {},
  ): Promise<number> {
    const user = recordedAs(givenUser('SessionManager.endAll', userId));
    return tellingFailure(this.#lifecycles.users.endAll(user, exceptedHandle(options), tellEnded));
  }

  /**
   * Ends a session, even if it has moved to another id, or has got this one in this request. Requests under way
   * cannot bring it back. No error if there is none. With a sealing driver that has no ledger, this only logs a
   * warning. With a ledger, an unknown id is recorded as ended for as long as any cookie could be valid.
   *
   * @param id the raw id (`session.id`), not the cookie value
   * @throws SessionValueError if it is not a string, or empty
   * @throws SessionStoreError if the store fails
   * @example
   * await manager.destroy(session.id);
   */
  async destroy(id: string): Promise<void> {
    const ending = givenId('destroy', id);
    const { records } = this.#lifecycles;
    if (records === null) return this.#log.warn(endsNone(this.#settings.driver));
    if (await destroyUnstored(ending)) return;
    tellEnded(await tellingFailure(records.end(ending, subjectUnderWay)));
  }

  /**
   * Runs a function with a session where there is no visitor's request: in a job, a timer, a message handler, a
   * command. Both the facade (`Session.get(...)`) and the argument refer to that session. Changes are committed
   * when the function is done, merged with what requests write meanwhile. Operations that need a cookie (a new
   * id, beginning a session) throw SessionReadonlyError. Flash messages are neither shown nor used up; messages
   * flashed here appear on the visitor's next page. The run is no visit: it extends no lifetime.
   *
   * @param whose the raw id (`session.id`) of a stored session; one that `regenerate` has just moved is found
   * too. Or values, whose names are taken literally: the session then holds a copy of them for this function
   * only, and nothing is stored
   * @param fn may return a promise. If it throws, nothing is committed and the error is rethrown
   * @returns what the function returned
   * @throws NoSessionError if no session is stored under that id, or the driver stores none; `fn` is not called
   * @throws SessionStoreError if the store fails: before the function is called, also with `whenStoreFails:
   * 'degrade'`, or at the commit
   * @throws SessionValueError if `whose` is neither, or a value cannot be stored
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
      return tellingFailure(runWithValues(this.#lifecycles.detachedHost(JOB_WITH_VALUES, []), whose, fn));
    const host = this.#lifecycles.detachedHost(JOB, tokensOf(whose, this.#settings.place.keyring));
    return tellingFailure(runStored(host, fn, this.#log, driversInUse(this.#settings).length > 1));
  }

  /**
   * Checks whether the store of the driver in use answers, for health pages. Asks for a record that does not
   * exist; no session is read or created. A driver that keeps sessions in cookies or in this process is up at
   * once; with a ledger of `stealth`, the ledger is asked. Does not say whether the store has room for more.
   *
   * @returns always, within `storeTimeout`; never throws. Concurrent calls share one query
   * @example
   * const { up, ...details } = await this.sessions.check(); // details: { driver: 'redis', ms: 1 }
   */
  async check(): Promise<StoreCheck> {
    const checked = await this.#lifecycles.driverInUse.check();
    if (!checked.up) sessionContext.getStore()?.storeFailed();
    return checked;
  }

  /**
   * Removes expired records now. This also happens at the interval of the option `gc`.
   *
   * @returns how many; 0 for drivers whose store expires records by itself
   * @throws SessionStoreError if the driver makes no progress for ten times the option `storeTimeout` (the next
   * call starts a new round); also rethrows driver errors
   * @example
   * const removed = await manager.collectGarbage();
   */
  collectGarbage(): Promise<number> {
    return tellingFailure(this.#lifecycles.garbage.collect());
  }
}
