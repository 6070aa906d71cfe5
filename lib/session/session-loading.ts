import { randomId } from '../crypto/random-id.js';
import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import { SessionValueError } from '../session.errors.js';
import { loadForRequest } from './load-from-tokens.js';
import { SessionAccess } from './session-access.js';

/** Which session a request works with: the one of its cookie, or another that the application switches to. Loads it. */
export abstract class SessionLoading extends SessionAccess {
  #initiating: Promise<void> | null = null;
  /** The id of the session that the application switched to; null: the one of the cookie. */
  #chosenId: string | null = null;
  /** The last id made here: the only id without a record that `setId` may bring. */
  #generatedId: string | null = null;

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
    const pending = this.open(readonly);
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
  open(readonly: boolean): Promise<void> | void {
    if (this.initiated) {
      if (readonly) this.lifecycle.freeze();
      return;
    }
    if (this.#initiating !== null) {
      return readonly ? this.#initiating.then(() => this.open(true)) : this.#initiating;
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
    this.setInitiated(true);
    if (readonly) life.session.refuseWrites();
    const { tokens, earlierTokens, takeOver } = this.host;
    const isChosen = this.#chosenId !== null;
    const isElsewhere = isChosen || earlierTokens !== undefined || takeOver !== undefined;
    const isCookieDue = isElsewhere && life.chosen(tokens);
    if (isChosen || isCookieDue || life.due || life.session.mayBecomeDue) this.arm();
  }

  /** Whoever hears of what was loaded may ask the facade, though the request is in its context only later. */
  #tell(life: SessionLifecycle): void {
    const { loads } = life;
    if (loads.hasEvents) this.inContext(() => loads.tell());
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
    this.assertSwitchable();
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
    this.assertSwitchable();
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
    this.setInitiated(false);
    this.#initiating = null;
  }
}
