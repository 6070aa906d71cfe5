import type { Caller } from '../lifecycle/caller.js';
import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import type { SessionLog } from '../lifecycle/session-runtime.js';
import type { TokenPlace } from '../lifecycle/token-place.js';
import { SessionReadonlyError } from '../session.errors.js';
import type { CookieAttributes, CookieNeed, LifecycleFactory, SessionHost } from './session-host.js';

/** What the sessions of an application have in common where no response is at hand. */
export interface DetachedSettings {
  readonly lifecycles: LifecycleFactory;
  /** Where its token travels. Default: the cookie. */
  readonly place?: TokenPlace | undefined;
  readonly cookieAttributes: CookieAttributes;
  readonly log: SessionLog;
}

/** What a session without a response of its own may do, and the words of its errors. */
export interface Door {
  /** What the code runs in, as in "was started in ..., which has ended". */
  readonly name: string;
  /** Why no cookie can be sent, and what to do instead: whole sentences. */
  readonly noCookie: string;
  /**
   * Whether a visitor is behind it: then his session's lifetime is renewed, as by any visit. Otherwise lifetime, last activity,
   * address and user agent stay as they are in the store.
   */
  readonly isVisit: boolean;
  /** Whether all that is written is for the code inside alone, and nothing of it is ever stored. Default false. */
  readonly storesNothing?: boolean;
  /**
   * Whether a session is loaded from under the id that another request has just moved it to (`regenerate`). Default false,
   * and so it stays wherever it is a visitor who says which session it is: who had planted an id in somebody's browser
   * would be led to the session that is signed in.
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
 * Where a session lives that no cookie can be sent for: a job, a message on a socket, a subscription. Its flash messages are
 * for pages, so they are neither shown nor used up; what is flashed here, the next page shows. Whoever makes one commits
 * (`session.commitDue()`) and calls `end` when the code inside is through.
 *
 * @example
 * const host = new DetachedHost(settings, SOCKET, [token], request);
 * const session = await new RequestSession(host).initiate();
 */
export class DetachedHost implements SessionHost {
  readonly #settings: DetachedSettings;
  readonly #door: Door;
  readonly #request: unknown;
  readonly tokens: readonly string[];
  /** There is none that a cookie could stand in. */
  readonly headSent = true;
  #life: SessionLifecycle | null = null;
  #ended = false;
  /** Null until somebody wants to know. */
  #onceOver: (() => void)[] | null = null;

  /**
   * @param tokens of the session cookie, likeliest first; none: there is no session
   * @param request for a driver that is made anew for each request; undefined where there is none
   */
  constructor(settings: DetachedSettings, door: Door, tokens: readonly string[], request?: unknown) {
    this.#settings = settings;
    this.#door = door;
    this.tokens = tokens;
    this.#request = request;
  }

  createLifecycle(): SessionLifecycle {
    const { lifecycles, place } = this.#settings;
    const { isVisit, followsMoves = false } = this.#door;
    // Who the visitor is, his latest request has said: nothing is known here of proxies, which frameworks are told of.
    const caller: Caller = { consumesFlash: 'hidden', client: 'as-stored', isVisit, followsMoves };
    const life = lifecycles.createLifecycle(caller, this.#request, place);
    // A lifetime that is in the cookie cannot be renewed from here.
    if (life.livesInCookie) life.session.bePassive();
    if (this.#door.storesNothing === true) life.abandon();
    this.#life = life;
    return life;
  }

  get cookieAttributes(): CookieAttributes {
    return this.#settings.cookieAttributes;
  }

  get isOver(): boolean {
    return this.#ended;
  }

  /** The code inside is through: from here on the facade names this session no more. */
  end(): void {
    this.#ended = true;
    for (const done of this.#onceOver?.splice(0) ?? []) done();
  }

  onceOver(done: () => void): void {
    if (this.#ended) done();
    else (this.#onceOver ??= []).push(done);
  }

  /** Whether the session was gone when its changes were to be stored, and they were dropped. */
  get droppedChanges(): boolean {
    const session = this.#life?.session;
    return session?.phase === 'dropped' && session.modified;
  }

  /** Whether the session itself is what the cookie holds. */
  get livesInCookie(): boolean {
    return this.#life?.livesInCookie === true;
  }

  /** Whether the session is empty because its store failed (`whenStoreFails: 'degrade'`). */
  get degraded(): boolean {
    return this.#life?.session.degraded === true;
  }

  refusal(need: CookieNeed): SessionReadonlyError {
    return new SessionReadonlyError(`${COOKIE_NEEDS[need]} ${this.#door.noCookie}`);
  }

  get endedReason(): string {
    return (
      `this code was started in ${this.#door.name}, which has ended. Await there what it starts, or hand the session along ` +
      'and call `await session.commit()` behind what is changed.'
    );
  }

  writtenLate(): void {
    this.#settings.log.warn(
      `A session was changed after ${this.#door.name} had ended, and nothing stores that. Await the work there, or call ` +
        '`await session.commit()` behind it.',
    );
  }
}
