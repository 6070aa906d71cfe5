import { randomId } from '../crypto/random-id.js';
import { SessionValueError } from '../session.errors.js';
import { shownType } from '../state/shown-type.js';
import type { HostedSession } from './hosted-session.js';

/** Which session a request works with: the one of its cookie, or another that the application switches to. */
export abstract class SessionChoice {
  readonly #hosted: HostedSession;
  /** The last id from `generateId`: the only id without a record that `setId` accepts. */
  #generatedId: string | null = null;

  /** Created by the package; applications are given their sessions. */
  constructor(hosted: HostedSession) {
    this.#hosted = hosted;
  }

  /** The session as the package has it. @internal */
  protected get hosted(): HostedSession {
    return this.#hosted;
  }

  /**
   * Whether the session is loaded. Always true in handlers, guards and pipes, except between `setId` and
   * `start`.
   *
   * @example
   * if (!session.initiated) await session.initiate();
   */
  get initiated(): boolean {
    return this.#hosted.initiated;
  }

  /** The same as `initiated`. */
  get ready(): boolean {
    return this.#hosted.initiated;
  }

  /**
   * Loads the session. In handlers, guards and pipes it is loaded already; there this method is only needed
   * to make the session read-only, and after `setId` and `setSignedId`.
   *
   * @param readonly if true, writes are refused from now on and nothing more is committed: neither a renewal
   * nor the consumption of flash messages. Default false, which leaves a read-only session read-only
   * @throws SessionStoreError if the store fails and `whenStoreFails` is `reject`
   * @throws SessionError if `readonly` is true and the session has changes that are not committed; if the request
   * has switched to the session after the head of its response had left, and `readonly` is false
   * @example
   * await session.initiate(true);
   */
  async initiate(readonly = false): Promise<this> {
    const pending = this.#hosted.initiate(readonly);
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
        `setId got ${id === '' ? 'empty text' : shownType(id)}; it takes an id: text that is not empty.`,
      );
    this.#assertSwitchable();
    return this.#switch((life) => life.loads.byId(id), id === this.#generatedId ? id : null);
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
        `setSignedId got ${secret === '' ? 'empty text' : shownType(secret)} in place of a secret; ` +
          "it takes text that is not empty, or nothing for the application's own.",
      );
    this.#assertSwitchable();
    // The signed id may come from a query or a body, where a visitor can send anything.
    if (typeof signedId !== 'string') return false;
    const id = this.#hosted.host.verify?.(signedId, secret);
    if (typeof id === 'string') return this.#switch((life) => life.loads.byId(id));
    const isSealed = secret === undefined && this.#hosted.lifecycle.loads.opens(signedId);
    return isSealed && this.#switch((life) => life.loads.byToken(signedId));
  }

  #switch(...to: Parameters<HostedSession['switchTo']>): this {
    this.#hosted.switchTo(...to);
    return this;
  }

  /** @throws SessionReadonlyError if no cookie can be sent: the browser would keep its current session */
  #assertSwitchable(): void {
    const { host } = this.#hosted;
    if (host.refusal !== undefined) throw host.refusal('move');
  }
}
