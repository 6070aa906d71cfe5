import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import { SessionError, SessionReadonlyError, SessionValueError } from '../session.errors.js';
import type { CookieInstruction } from '../lifecycle/cookie-instruction.js';
import type { SessionHost } from './session-host.js';

/**
 * The one way to a session's data: everything that reads passes `readable`, everything that writes passes `writable`.
 * Here it is decided whether that is allowed, and that the response waits for a commit from now on.
 */
export abstract class SessionAccess {
  /** Private, so that neither console.log nor JSON shows what a request carried. */
  readonly #host: SessionHost;
  #life: SessionLifecycle | null = null;
  #initiated: boolean;
  #initiating: Promise<void> | null = null;
  #armed = false;
  #over = false;
  /** Written after the end, and not committed yet. */
  #unattended = false;
  /** What `initiate` loads in place of what the cookie says. */
  #chosenId: string | null = null;

  /** Made by the package; an application is handed its sessions. */
  constructor(host: SessionHost) {
    this.#host = host;
    this.#initiated = host.tokens.length === 0 && host.formerTokens === undefined;
  }

  /** @internal */
  get host(): SessionHost {
    return this.#host;
  }

  /** Whether the session is loaded: always so in handlers, guards and pipes, but between `setId` and `start`. */
  get initiated(): boolean {
    return this.#initiated;
  }

  /** The same as `initiated`. */
  get ready(): boolean {
    return this.#initiated;
  }

  /** Whether writing is refused: initiated so, or made so by `whenStoreFails: 'degrade'`. */
  get readonly(): boolean {
    return this.#life !== null && this.#life.session.readonly;
  }

  /**
   * Loads the session. In handlers, guards and pipes all are loaded: there it is of use to make the session read-only,
   * and after `setId` and `setSignedId`.
   *
   * @param readonly whether writing is refused from here on and nothing further is committed: neither a renewal, nor
   * that flash messages are used up. Default false, which leaves a session that is read-only as it is
   * @throws SessionStoreError where the store fails and `whenStoreFails` is `reject`
   * @throws SessionError where it is to become read-only, and holds changes that are not committed
   * @example
   * await session.initiate(true);
   */
  async initiate(readonly = false): Promise<this> {
    if (typeof readonly !== 'boolean') throw noSwitch(readonly);
    const pending = this.open(readonly);
    if (pending !== undefined) await pending;
    return this;
  }

  /** The same as `initiate`. */
  start(readonly = false): Promise<this> {
    return this.initiate(readonly);
  }

  /**
   * What `initiate` does, without a promise where nothing has to be waited for.
   *
   * @internal
   */
  open(readonly: boolean): Promise<void> | void {
    if (this.#initiated) {
      if (readonly) this.lifecycle.freeze();
      return;
    }
    if (this.#initiating !== null) {
      return readonly ? this.#initiating.then(() => this.open(true)) : this.#initiating;
    }
    const pending = this.#load();
    if (pending === undefined) {
      this.#loaded(readonly);
      return;
    }
    const initiating: Promise<void> = pending.then(
      () => {
        if (this.#isThrough(initiating)) this.#loaded(readonly);
      },
      (error: unknown) => {
        this.#isThrough(initiating);
        throw error;
      },
    );
    this.#initiating = initiating;
    return initiating;
  }

  /** @returns false where the request has switched to another session meanwhile */
  #isThrough(initiating: Promise<void>): boolean {
    if (this.#initiating !== initiating) return false;
    this.#initiating = null;
    return true;
  }

  #load(): Promise<void> | void {
    const life = this.lifecycle;
    if (this.#chosenId !== null) return life.load(this.#chosenId);
    return this.#tryTokens(life, this.host.tokens, 0);
  }

  /** A browser may send several cookies of the name, from other paths or domains: the first that is ours counts. */
  #tryTokens(life: SessionLifecycle, tokens: readonly string[], index: number): Promise<void> | void {
    const { tokens: present, formerTokens } = this.host;
    const isLastRound = formerTokens === undefined || tokens !== present;
    for (let next = index; next < tokens.length; next += 1) {
      const pending = life.initiate(tokens[next] ?? '');
      if (pending !== undefined) {
        if (isLastRound && next === tokens.length - 1) return pending;
        // A store that failed once would hold the request up once more for each further cookie.
        return pending.then(() =>
          life.session.loaded !== null || life.session.readonly || this.#chosenId !== null
            ? undefined
            : this.#tryTokens(life, tokens, next + 1),
        );
      }
      if (life.session.loaded !== null) return;
    }
    if (!isLastRound) return this.#tryTokens(life, formerTokens(), 0);
  }

  #loaded(readonly: boolean): void {
    this.#initiated = true;
    if (readonly) this.lifecycle.session.refuseWrites('readonly');
    if (this.#chosenId !== null) {
      this.lifecycle.chosen(this.host.tokens);
      this.arm();
    } else if (this.host.formerTokens !== undefined && this.lifecycle.chosen(this.host.tokens)) {
      // It was found where the cookie lay before.
      this.arm();
    }
    if (this.lifecycle.due || this.lifecycle.session.mayBecomeDue) this.arm();
  }

  /** Lets go of the present session; the next `initiate` loads the given one. */
  protected choose(id: string, fresh: boolean): void {
    // Where no record has the id, the session gets one made in this request.
    this.lifecycle.switchTo(fresh ? id : null);
    this.#chosenId = id;
    this.#initiated = false;
    this.#initiating = null;
  }

  /** Loads the session once more, and forgets what was not committed. */
  protected async reopen(): Promise<void> {
    if (this.#initiated) await this.lifecycle.reload();
    else await this.initiate();
  }

  /** For what reads. */
  protected get readable(): SessionLifecycle {
    if (!this.#initiated) throw notInitiated();
    return this.lifecycle;
  }

  /** For what writes. Called before the write: a write that is refused changes nothing. */
  protected get writable(): SessionLifecycle {
    if (!this.#initiated) throw notInitiated();
    const life = this.lifecycle;
    if (life.session.readonly) throw readonlySession(life.session.degraded);
    this.arm();
    if (this.#over) this.#writeLate();
    return life;
  }

  /** Nothing stores it by itself any more. Somebody may be about to. */
  #writeLate(): void {
    if (this.#unattended) return;
    this.#unattended = true;
    setImmediate(() => {
      if (this.#unattended) this.host.writtenLate();
      this.#unattended = false;
    });
  }

  /**
   * The response has ended: nobody waits for a commit any more.
   *
   * @internal
   */
  over(): void {
    this.#over = true;
  }

  /** Whoever reads an object may mutate it: then there may be something to commit. */
  protected lent(life: SessionLifecycle): void {
    if (!this.#armed && life.state.lent) this.arm();
  }

  protected arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.host.arm(this);
  }

  protected get lifecycle(): SessionLifecycle {
    return (this.#life ??= this.host.createLifecycle());
  }

  /** Null as long as nobody asked for anything. */
  protected get lifecycleSoFar(): SessionLifecycle | null {
    return this.#life;
  }

  /**
   * Whether a commit has anything to do.
   *
   * @internal
   */
  get due(): boolean {
    return this.#life !== null && this.#life.due;
  }

  /**
   * Commits what is due; without a promise where nothing has to be waited for.
   *
   * @internal
   */
  commitDue(): Promise<void> | void {
    this.#unattended = false;
    if (this.refuseTooLate()) return Promise.reject(tooLate());
    return this.#life?.commit();
  }

  /**
   * Where the head of the response has left and a commit would need a cookie, there is nothing to be done: what was changed
   * is dropped and said in the log. A session that was to be left behind for good ends all the same.
   *
   * @internal
   * @returns whether it was so
   */
  refuseTooLate(): boolean {
    const life = this.#life;
    if (life === null || !life.due || !life.needsCookie || !this.host.headSent) return false;
    life.abandonTooLate();
    this.host.tooLate();
    return true;
  }

  /** A session was destroyed. The cookie of one that lives there has to be expired, which may be too late. */
  protected async ended(destroying: Promise<void>): Promise<void> {
    await destroying;
    if (!this.lifecycle.livesInCookie || !this.host.headSent || this.host.tokens.length === 0) return;
    this.host.tooLate();
    throw tooLate();
  }

  /**
   * After a failed commit: nothing is tried again, and the response says nothing about the cookie.
   *
   * @internal
   */
  abandon(): void {
    this.#life?.abandon();
  }

  /**
   * A session that is not stored yet is not to begin in this request: what is written to it is for the request alone.
   *
   * @returns tells whether anything was written that would have been stored; null where the session has begun already
   * @internal
   */
  beginNothing(): (() => boolean) | null {
    const life = this.#life;
    if (life === null || life.session.loaded !== null) return null;
    life.abandon();
    return () => life.state.due;
  }

  /**
   * Whether a commit of this session failed for good.
   *
   * @internal
   */
  get abandoned(): boolean {
    return this.#life !== null && this.#life.abandoned;
  }

  /**
   * What the response has to do about the cookie.
   *
   * @internal
   */
  cookieInstruction(cameWithCookie: boolean): CookieInstruction {
    return this.#life === null ? { kind: 'none' } : this.#life.cookie(cameWithCookie);
  }
}

function noSwitch(given: unknown): SessionValueError {
  return new SessionValueError(
    `initiate got a value of type ${typeof given}; it takes true where the session is to be read-only, or nothing.`,
  );
}

function notInitiated(): SessionError {
  return new SessionError(
    'The session is not loaded yet. Call `await session.initiate()` first (after setId() or setSignedId() as well).',
  );
}

/** See refuseTooLate. */
function tooLate(): SessionError {
  return new SessionError(
    'The session was not stored: the head of the response has left, and the cookie that it needs cannot reach the browser ' +
      'any more. Write to the session before the first byte of the response.',
  );
}

function readonlySession(degraded: boolean): SessionReadonlyError {
  return new SessionReadonlyError(
    degraded
      ? "The session's store failed, and the session is empty and read-only (option 'whenStoreFails' is 'degrade'). " +
          'Ask `session.readonly` before you write; what has to be written can be tried again when the store is back.'
      : 'The session is read-only: initiate(true) or start(true) made it so. Write before that, or ask `session.readonly`.',
    { degraded },
  );
}
