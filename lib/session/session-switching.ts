import { randomId } from '../crypto/random-id.js';
import { SessionValueError } from '../session.errors.js';
import { SessionLoading } from './session-loading.js';

/** Switches a request to another session than that of its cookie. */
export abstract class SessionSwitching extends SessionLoading {
  /** The last id made here: the only id without a record that `setId` may bring. */
  #generatedId: string | null = null;

  /** A new session id, for `setId`: 256 random bits as 43 characters of base64url. */
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
    this.choose(id, id === this.#generatedId);
    return this;
  }

  /**
   * Switches this request to the session of a signed id; `await session.start()` loads it.
   *
   * @param secret in place of the application's secrets
   * @returns the session; or false where the signature is not ours, and nothing has changed
   */
  setSignedId(signedId: string, secret?: string): this | false {
    // It may come from a query or a body, where a visitor can send anything.
    const id = typeof signedId === 'string' ? this.host.verify(signedId, secret) : null;
    if (id === null) return false;
    this.choose(id, false);
    return this;
  }
}
