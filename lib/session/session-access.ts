import { randomId } from '../crypto/random-id.js';
import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import { SessionValueError } from '../session.errors.js';
import type { SessionState } from '../state/session-state.js';
import { loadForRequest } from './load-from-tokens.js';
import { SessionCommits } from './session-commits.js';
import type { SessionHost } from './session-host.js';
import { notInitiated, readonlySession } from './wording.js';

/**
 * Which session a request works with (the one of its cookie, or another that the application switches to), and the one way
 * to its data for the methods that an application calls. Those that read go through `readable`, those that write through
 * `writable` or `changeable`: these say whether it is allowed, and have the response wait for a commit.
 */
export abstract class SessionAccess extends SessionCommits {
  #initiated: boolean;
  #initiating: Promise<void> | null = null;
  /** The id of the session that the application switched to; null: the one of the cookie. */
  #chosenId: string | null = null;
  /** The last id made here: the only id without a record that `setId` may bring. */
  #generatedId: string | null = null;

  /** Made by the package; an application is handed its sessions. */
  constructor(host: SessionHost) {
    super(host);
    this.#initiated =
      host.tokens.length === 0 && host.earlierTokens === undefined && host.takeOver === undefined;
  }

  /**
   * Whether the session is loaded: always so in handlers, guards and pipes, but between `setId` and `start`.
   *
   * @example
   * if (!session.initiated) await session.initiate();
   */
  get initiated(): boolean {
    return this.#initiated;
  }

  /** The same as `initiated`. */
  get ready(): boolean {
    return this.#initiated;
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
    const pending = this.initiateAtOnce(readonly);
    if (pending !== undefined) await pending;
    return this;
  }

  /**
   * The same as `initiate`.
   *
   * @example
   * await session.start();
   */
  start(readonly = false): Promise<this> {
    return this.initiate(readonly);
  }

  /**
   * What `initiate` does, without a promise where nothing has to be waited for.
   *
   * @internal
   */
  initiateAtOnce(readonly: boolean): Promise<void> | void {
    if (this.#initiated) {
      if (readonly) this.lifecycle.freeze();
      return;
    }
    if (this.#initiating !== null) {
      return readonly ? this.#initiating.then(() => this.initiateAtOnce(true)) : this.#initiating;
    }
    const life = this.lifecycle;
    const { session } = life;
    const pending =
      this.#chosenId === null ? loadForRequest(life, this.host) : life.loads.byId(this.#chosenId);
    if (pending === undefined) {
      this.#loaded(life, readonly);
      this.#tell(life);
      return;
    }
    // What comes of it counts only as long as the request has not switched to another session.
    this.#initiating = pending.then(
      () => {
        if (life.session === session) this.#loaded(life, readonly);
        this.#tell(life);
      },
      (error: unknown) => {
        if (life.session === session) this.#initiating = null;
        this.#tell(life);
        throw error;
      },
    );
    return this.#initiating;
  }

  #loaded(life: SessionLifecycle, readonly: boolean): void {
    this.#initiating = null;
    this.#initiated = true;
    if (readonly) life.session.refuseWrites();
    const { tokens, earlierTokens, takeOver } = this.host;
    const isChosen = this.#chosenId !== null;
    // Found by another way than a cookie in its place: the browser may have to be given its token.
    const isElsewhere = isChosen || earlierTokens !== undefined || takeOver !== undefined;
    const isCookieDue = isElsewhere && life.giveTokenUnlessSent(tokens);
    if (isChosen || isCookieDue || life.due || life.session.mayBecomeDue) this.arm();
  }

  /** Whoever hears of what was loaded may ask the facade, though the request is in its context only later. */
  #tell(life: SessionLifecycle): void {
    const { loads } = life;
    if (loads.hasEvents) this.inContext(() => loads.publishEvents());
  }

  /**
   * Calls something in the context of this session.
   *
   * @internal
   */
  protected abstract inContext(call: () => void): void;

  /**
   * A new session id, for `setId`: 256 random bits as 43 characters of base64url.
   *
   * @example
   * session.setId(session.generateId());
   */
  generateId(): Promise<string> {
    this.#generatedId = randomId();
    return Promise.resolve(this.#generatedId);
  }

  /**
   * Switches this request to another session, and the browser's cookie with it; `await session.start()` loads it. What
   * was changed before and not committed is forgotten. An id that no record has is not adopted unless it comes from
   * `generateId`. Never give it what a visitor sent: that is what `setSignedId` is for.
   *
   * @throws SessionValueError where the id is no text, or empty
   * @example
   * await session.setId(await session.generateId()).start();
   */
  setId(id: string): this {
    if (typeof id !== 'string' || id === '')
      // The id itself stays out of the message.
      throw new SessionValueError(
        `setId got ${id === '' ? 'empty text' : `a value of type ${typeof id}`}; it takes an id: text that is not empty.`,
      );
    this.#assertSwitchable();
    this.#choose(id, id === this.#generatedId);
    return this;
  }

  /**
   * Switches this request to the session of a signed id; `await session.start()` loads it.
   *
   * @param secret in place of the application's secrets
   * @returns the session; or false where the signature is not ours, and nothing has changed
   * @throws SessionValueError where a secret is given that is no text, or empty
   * @example
   * if (session.setSignedId(token)) await session.start();
   */
  setSignedId(signedId: string, secret?: string): this | false {
    // Anybody could sign with an empty one.
    if (secret !== undefined && (typeof secret !== 'string' || secret === ''))
      throw new SessionValueError(
        `setSignedId got ${secret === '' ? 'empty text' : `a value of type ${typeof secret}`} in place of a secret; ` +
          "it takes text that is not empty, or nothing for the application's own.",
      );
    this.#assertSwitchable();
    // It may come from a query or a body, where a visitor can send anything.
    const id = typeof signedId === 'string' ? this.host.verify?.(signedId, secret) : null;
    if (typeof id !== 'string') return false;
    this.#choose(id, false);
    return this;
  }

  /**
   * Lets go of the present session; the next `initiate` loads the one of this id.
   *
   * @param fresh whether the id was made in this request: where no record has it, the session begins under it
   */
  #choose(id: string, fresh: boolean): void {
    this.lifecycle.switchTo(fresh ? id : null);
    this.#chosenId = id;
    this.#initiated = false;
    this.#initiating = null;
  }

  // ---- for the methods of the session --------------------------------------------------------------------------

  /** For what reads. */
  protected get readable(): SessionState {
    if (!this.#initiated) throw this.host.unavailable ?? notInitiated();
    return this.lifecycle.state;
  }

  /** For what writes. Asked before the write: one that is refused changes nothing. */
  protected get writable(): SessionState {
    return this.#allowed('change').state;
  }

  /** For what changes more than the values: the expiry, whether there is a session at all. */
  protected get changeable(): SessionLifecycle {
    return this.#allowed('change');
  }

  /** For what gives the session another id. */
  protected get movable(): SessionLifecycle {
    return this.#allowed('move');
  }

  /** For what ends the session. Where there is none to end, that is no error. */
  protected get endable(): SessionLifecycle {
    return this.#allowed('end');
  }

  #allowed(act: 'change' | 'move' | 'end'): SessionLifecycle {
    if (!this.#initiated) throw this.host.unavailable ?? notInitiated();
    const life = this.lifecycle;
    const { session } = life;
    if (session.readonly) throw readonlySession(session.degraded);
    const { host } = this;
    // What is not to be stored anyway needs no cookie.
    if (host.refusal !== undefined && !life.abandoned) {
      if (life.livesInCookie) throw host.refusal('seal');
      if (act !== 'end' && session.loaded === null) throw host.refusal('begin');
      if (act === 'move') throw host.refusal('move');
    }
    this.written();
    return life;
  }

  /** @throws SessionReadonlyError where no cookie can be sent: the browser would stay with the session that it has */
  #assertSwitchable(): void {
    if (this.host.refusal !== undefined) throw this.host.refusal('move');
  }

  /** To be called after a value was handed out: an object may be mutated in place, and that has to be committed. */
  protected lent(state: SessionState): void {
    if (state.lent) this.arm();
  }
}
