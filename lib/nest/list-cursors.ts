import type { PayloadSealer } from '../crypto/payload-sealer.js';
import type { NextPage } from '../lifecycle/users/user-sessions.js';
import { withoutText } from '../options/read-option.js';
import { SessionValueError } from '../session.errors.js';

/**
 * Where a list of a user's sessions goes on, as pages of an application hand it out and get it back. A store's own cursor may
 * name a session by its id, and what a visitor makes up in place of one may be an error to the store: so it travels sealed, bound to
 * its user and its store.
 */
export class ListCursors {
  readonly #sealer: PayloadSealer;
  readonly #drivers: readonly string[];

  /** @param drivers whose cursors they are, by name */
  constructor(sealer: PayloadSealer, drivers: readonly string[]) {
    this.#sealer = sealer;
    this.#drivers = drivers;
  }

  /** What is handed out for where the list goes on. */
  seal(user: string, { cursor, begun }: NextPage): string {
    return this.#sealer.seal(this.#listOf(user), Buffer.from(`${begun} ${cursor}`, 'utf16le'));
  }

  /**
   * Where the list goes on by the cursor that `listPage` was given; null for the first page. It comes from a visitor's link, so the answer to a
   * wrong one is 400.
   *
   * @throws SessionValueError where it is none that was handed out for this user and this store
   */
  open(user: string, given: unknown): NextPage | null {
    if (given === null || given === undefined) return null;
    const opened = typeof given === 'string' ? this.#sealer.open(this.#listOf(user), given) : null;
    if (opened !== null) {
      const text = opened.plain.toString('utf16le');
      const end = text.indexOf(' ');
      return { begun: Number(text.slice(0, end)), cursor: text.slice(end + 1) };
    }
    throw new SessionValueError(
      `SessionManager.listPage got ${withoutText(given)} for a cursor; it takes the one of the page before, of the same user, or null for the first page.`,
      { isKey: true },
    );
  }

  #listOf(user: string): string {
    return JSON.stringify([...this.#drivers, user]);
  }
}
