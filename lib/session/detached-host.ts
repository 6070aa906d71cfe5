import type { Caller } from '../lifecycle/caller.js';
import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import type { SessionLog } from '../lifecycle/session-runtime.js';
import type { TokenPlace } from '../lifecycle/token-place.js';
import { SessionReadonlyError } from '../session.errors.js';
import type { HostedSession } from './hosted-session.js';
import type { CookieAttributes, CookieNeed, LifecycleFactory, SessionHost } from './session-host.js';

/** Settings that all sessions without a response share. */
export interface DetachedSettings {
  readonly lifecycles: LifecycleFactory;
  /** Where the session's token travels. Default: the cookie. */
  readonly place?: TokenPlace | undefined;
  readonly cookieAttributes: CookieAttributes;
  readonly log: SessionLog;
}

/** What a session without a response of its own may do, and the texts of its errors. */
export interface EntryPoint {
  /** What the code runs in, as in "was started in ..., which has ended". */
  readonly name: string;
  /** Why no cookie can be sent, and what to do instead: full sentences. */
  readonly noCookie: string;
  /**
   * Whether it counts as a visit, which renews the session's lifetime. Otherwise lifetime, last activity,
   * address and user agent stay as they are in the store.
   */
  readonly isVisit: boolean;
  /** Whether writes are only visible to the code inside, and never stored. Default false. */
  readonly storesNothing?: boolean;
  /**
   * Whether to follow a redirect to the id that another request has just moved the session to (`regenerate`).
   * Default false. It has to stay false wherever a visitor names the session: an attacker who planted an id
   * in somebody's browser would be led to the signed-in session.
   */
  readonly followsMoves?: boolean;
}

const COOKIE_NEEDS: Readonly<Record<CookieNeed, string>> = {
  begin:
    'Nothing can be written to this session: it is not stored, or has ended, and to begin one needs a cookie.',
  move:
    'The session cannot get another id here, nor be exchanged for another one: the browser would have to hear of it by a ' +
    'cookie. What ends it is destroy().',
  seal:
    "The session cannot be changed here: with this driver it is the visitor's cookie itself, and nothing is kept elsewhere. " +
    "A driver that keeps records (redis, database, file, ...) can do it, and so can 'stealth' with a ledger once somebody is signed in.",
};

/**
 * The host of a session for which no cookie can be sent: a job, a message on a socket, a subscription. Flash
 * messages are meant for pages, so they are neither shown nor consumed here; messages flashed here are shown
 * by the next page. The creator of a host commits (`hosted.commitDue()`) and calls `end` when the code
 * inside has finished.
 *
 * @example
 * const host = new DetachedHost(settings, SOCKET, [token], request);
 * const hosted = new HostedSession(host);
 * await hosted.initiate();
 */
export class DetachedHost implements SessionHost {
  readonly #settings: DetachedSettings;
  readonly #entryPoint: EntryPoint;
  readonly #request: unknown;
  readonly tokens: readonly string[];
  /** There are no headers that could carry a cookie. */
  readonly headSent = true;
  /** The session in whose context the code inside was started; null if there is none, or that code has ended. */
  caller: HostedSession | null = null;
  #ended = false;
  /** Null until the first callback is added. */
  #onceOver: (() => void)[] | null = null;

  /**
   * @param tokens values of the session cookie, likeliest first; empty if there is no session
   * @param request for a driver that is created for each request; undefined if there is none
   */
  constructor(
    settings: DetachedSettings,
    entryPoint: EntryPoint,
    tokens: readonly string[],
    request?: unknown,
  ) {
    this.#settings = settings;
    this.#entryPoint = entryPoint;
    this.tokens = tokens;
    this.#request = request;
  }

  createLifecycle(): SessionLifecycle {
    const { lifecycles, place } = this.#settings;
    const { isVisit, followsMoves = false } = this.#entryPoint;
    // Address and user agent stay those of the visitor's latest request: proxy settings, which frameworks
    // know, are not known here.
    const caller: Caller = { consumesFlash: 'hidden', client: 'as-stored', isVisit, followsMoves };
    const life = lifecycles.createLifecycle(caller, this.#request, place);
    // A lifetime in the cookie cannot be renewed from here.
    if (life.livesInCookie) life.session.bePassive();
    if (this.#entryPoint.storesNothing === true) life.abandon();
    return life;
  }

  get cookieAttributes(): CookieAttributes {
    return this.#settings.cookieAttributes;
  }

  get isOver(): boolean {
    return this.#ended;
  }

  /** Called when the code inside has finished: from now on the facade does not return this session. */
  end(): void {
    this.#ended = true;
    // Jobs that start each other without an end must not keep all sessions before them in memory.
    this.caller = null;
    for (const done of this.#onceOver?.splice(0) ?? []) done();
  }

  onceOver(done: () => void): void {
    if (this.#ended) done();
    else (this.#onceOver ??= []).push(done);
  }

  /** No answer is made here. But what failed may be the reason for an error that answers the caller's request. */
  keepUncached(): void {
    this.caller?.storeFailed();
  }

  refusal(need: CookieNeed): SessionReadonlyError {
    return new SessionReadonlyError(`${COOKIE_NEEDS[need]} ${this.#entryPoint.noCookie}`);
  }

  get endedReason(): string {
    return (
      `this code was started in ${this.#entryPoint.name}, which has ended. Await there what it starts, or hand the session along ` +
      'and call `await session.commit()` after the change.'
    );
  }

  writtenAfterEnd(): void {
    this.#settings.log.warn(
      `A session was changed after ${this.#entryPoint.name} had ended, and nothing stores that. Await the work there, or call ` +
        '`await session.commit()` after it.',
    );
  }
}
