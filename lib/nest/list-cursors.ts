import type { TextSealer } from '../crypto/text-sealer.js';
import type { NextPage } from '../lifecycle/users/user-sessions.js';
import { withoutText } from '../options/read-option.js';
import { SessionValueError } from '../session.errors.js';

/**
 * Seals the position in a list of a user's sessions, as an application's pages hand it out and get it back. A
 * store's own cursor may contain a session id, and a forged one may be an error to the store. The cursor
 * therefore travels sealed, bound to its user and its store.
 */
export class ListCursors {
  readonly #sealer: TextSealer;
  readonly #drivers: readonly string[];

  /** @param drivers the names of the drivers that the cursors belong to */
  constructor(sealer: TextSealer, drivers: readonly string[]) {
    this.#sealer = sealer;
    this.#drivers = drivers;
  }

  /** The cursor to hand out for the next page. */
  seal(user: string, { cursor, begun }: NextPage): string {
    return this.#sealer.seal(this.#listOf(user), Buffer.from(`${begun} ${cursor}`, 'utf16le'));
  }

  /**
   * Opens the cursor that `listPage` was given; null for the first page. A cursor comes from a visitor's link,
   * so an invalid one is answered with 400.
   *
   * @throws SessionValueError if the cursor was not handed out for this user and this store
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
