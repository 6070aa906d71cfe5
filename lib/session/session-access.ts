import { randomId } from '../crypto/random-id.js';
import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import { SessionValueError } from '../session.errors.js';
import type { SessionState } from '../state/session-state.js';
import { loadForRequest } from './load-from-tokens.js';
import { SessionCommits } from './session-commits.js';
import type { SessionHost } from './session-host.js';
import { notInitiated, readonlySession } from './wording.js';

/** Returns no promise if there is nothing to wait for. */
type Load = (life: SessionLifecycle) => Promise<void> | void;

/**
 * Decides which session a request works with: the one of its cookie, or another that the application switches
 * to. Public methods reach the session's data only through the getters here: `readable` to read, and
 * `writable`, `changeable`, `movable` or `endable` to write. These check whether the write is allowed, and
 * make the response wait for a commit.
 */
export abstract class SessionAccess extends SessionCommits {
  #initiated: boolean;
  #initiating: Promise<void> | null = null;
  /** Loads the session that the application switched to; null for the session of the cookie. */
  #loadChosen: Load | null = null;
  /** The last id from `generateId`: the only id without a record that `setId` accepts. */
  #generatedId: string | null = null;

  /** Created by the package; applications are given their sessions. */
  constructor(host: SessionHost) {
    super(host);
    this.#initiated =
      host.tokens.length === 0 && host.earlierTokens === undefined && host.takeOver === undefined;
  }

  /**
   * Whether the session is loaded. Always true in handlers, guards and pipes, except between `setId` and
   * `start`.
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
   * Loads the session. In handlers, guards and pipes it is loaded already; there this method is only needed
   * to make the session read-only, and after `setId` and `setSignedId`.
   *
   * @param readonly if true, writes are refused from now on and nothing more is committed: neither a renewal
   * nor the consumption of flash messages. Default false, which leaves a read-only session read-only
   * @throws SessionStoreError if the store fails and `whenStoreFails` is `reject`
   * @throws SessionError if `readonly` is true and the session has changes that are not committed
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
   * @param readonly as for `initiate`. Default false
   * @throws what `initiate` throws: SessionStoreError, SessionError
   * @example
   * await session.start();
   */
  start(readonly = false): Promise<this> {
    return this.initiate(readonly);
  }

  /** Like `initiate`, but returns no promise if there is nothing to wait for. @internal */
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
    const pending = this.#loadChosen === null ? loadForRequest(life, this.host) : this.#loadChosen(life);
    if (pending === undefined) {
      this.#loaded(life, readonly);
      this.#tell(life);
      return;
    }
    // The result only counts if the request has not switched to another session meanwhile.
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
    const isChosen = this.#loadChosen !== null;
    // Not found by a cookie in its current place: the browser may need to be given the token.
    const isElsewhere = isChosen || earlierTokens !== undefined || takeOver !== undefined;
    const isCookieDue = isElsewhere && life.giveTokenUnlessSent(tokens);
    if (isChosen || isCookieDue || life.due || life.session.mayBecomeDue) this.arm();
  }

  /** Publishes the load in the session's context: listeners may use the facade. */
  #tell(life: SessionLifecycle): void {
    const { loads } = life;
    if (loads.hasEvents) this.inContext(() => loads.publishEvents());
  }

  /** Calls a function in the context of this session. @internal */
  protected abstract inContext(call: () => void): void;

  /**
   * Generates a session id for `setId`: 256 random bits as 43 characters of base64url.
   *
   * @example
   * await session.setId(await session.generateId()).start();
   */
  generateId(): Promise<string> {
    this.#generatedId = randomId();
    return Promise.resolve(this.#generatedId);
  }

  /**
   * Switches this request, and the browser's cookie, to another session; `await session.start()` loads it.
   * Uncommitted changes are discarded. An id without a record is not adopted unless it comes from
   * `generateId`. `stealth` keeps no records, apart from those in a ledger, so it finds no session by an id.
   * Never pass an id that a visitor sent: use `setSignedId` for that.
   *
   * @param id the raw id (`session.id`), not the cookie value
   * @throws SessionValueError if the id is not a string, or empty
   * @throws SessionReadonlyError if no cookie can be sent (a socket, a subscription, a job)
   * @example
   * await session.setId(await session.generateId()).start();
   */
  setId(id: string): this {
    if (typeof id !== 'string' || id === '')
      // The message must not contain the id.
      throw new SessionValueError(
        `setId got ${id === '' ? 'empty text' : `a value of type ${typeof id}`}; it takes an id: text that is not empty.`,
      );
    this.#assertSwitchable();
    return this.#choose((life) => life.loads.byId(id), id === this.#generatedId ? id : null);
  }

  /**
   * Switches this request to the session of a signed id; `await session.start()` loads it.
   *
   * @param signedId the value of a session cookie (`session.signedId`); may come from a visitor. With `stealth`
   * that is the sealed session, which is loaded as it was when it was sealed
   * @param secret used instead of the application's secrets, for a signed id. Default: those
   * @returns the session; or false if the signature is not ours, in which case nothing has changed
   * @throws SessionValueError if the secret given is not a string, or empty
   * @throws SessionReadonlyError if no cookie can be sent (a socket, a subscription, a job)
   * @example
   * if (session.setSignedId(token)) await session.start();
   */
  setSignedId(signedId: string, secret?: string): this | false {
    // Anybody could sign with an empty secret.
    if (secret !== undefined && (typeof secret !== 'string' || secret === ''))
      throw new SessionValueError(
        `setSignedId got ${secret === '' ? 'empty text' : `a value of type ${typeof secret}`} in place of a secret; ` +
          "it takes text that is not empty, or nothing for the application's own.",
      );
    this.#assertSwitchable();
    // The signed id may come from a query or a body, where a visitor can send anything.
    if (typeof signedId !== 'string') return false;
    const id = this.host.verify?.(signedId, secret);
    if (typeof id === 'string') return this.#choose((life) => life.loads.byId(id));
    const isSealed = secret === undefined && this.lifecycle.loads.opens(signedId);
    return isSealed && this.#choose((life) => life.loads.byToken(signedId));
  }

  /**
   * Leaves the current session; the next `initiate` loads another.
   *
   * @param freshId an id generated in this request: if no record has it, a session begins under it
   */
  #choose(load: Load, freshId: string | null = null): this {
    this.lifecycle.switchTo(freshId);
    this.#loadChosen = load;
    this.#initiated = false;
    this.#initiating = null;
    return this;
  }

  // ---- for the methods of the session --------------------------------------------------------------------------

  /** For methods that read. */
  protected get readable(): SessionState {
    if (!this.#initiated) throw this.host.unavailable ?? notInitiated();
    return this.lifecycle.state;
  }

  /** For methods that write. Read it before writing, so that a refused write changes nothing. */
  protected get writable(): SessionState {
    return this.#allowed('change').state;
  }

  /** For methods that change more than the values: the expiry, or whether there is a session at all. */
  protected get changeable(): SessionLifecycle {
    return this.#allowed('change');
  }

  /** For methods that give the session another id. */
  protected get movable(): SessionLifecycle {
    return this.#allowed('move');
  }

  /** For methods that end the session. It is not an error if there is none to end. */
  protected get endable(): SessionLifecycle {
    return this.#allowed('end');
  }

  #allowed(act: 'change' | 'move' | 'end'): SessionLifecycle {
    if (!this.#initiated) throw this.host.unavailable ?? notInitiated();
    const life = this.lifecycle;
    const { session } = life;
    if (session.readonly) throw readonlySession(session.degraded);
    const { host } = this;
    // A session that will not be stored anyway needs no cookie.
    if (host.refusal !== undefined && !life.abandoned) {
      if (life.livesInCookie) throw host.refusal('seal');
      if (act !== 'end' && session.base === null) throw host.refusal('begin');
      if (act === 'move') throw host.refusal('move');
    }
    this.written();
    return life;
  }

  /** @throws SessionReadonlyError if no cookie can be sent: the browser would keep its current session */
  #assertSwitchable(): void {
    if (this.host.refusal !== undefined) throw this.host.refusal('move');
  }

  /** Called after a value was handed out: if it is mutated in place, that has to be committed. */
  protected armIfTracking(state: SessionState): void {
    if (state.isTracking) this.arm();
  }
}
