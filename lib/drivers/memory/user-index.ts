import { ShardedMap } from './sharded-map.js';

const PAGE_SIZE = 200;

/** Entries by user, in the order in which they were added. */
export class UserIndex<Entry extends object> {
  /** Each entry has a number that grows from one to the next. */
  readonly #users = new ShardedMap<Map<Entry, number>>();
  #last = 0;

  /** Adds an entry of a user; null: it is nobody's, and not listed. */
  add(entry: Entry, userId: string | null): void {
    if (userId === null) return;
    const entries = this.#users.get(userId) ?? new Map<Entry, number>();
    entries.set(entry, ++this.#last);
    this.#users.set(userId, entries);
  }

  remove(entry: Entry, userId: string | null): void {
    if (userId === null) return;
    const entries = this.#users.get(userId);
    entries?.delete(entry);
    if (entries?.size === 0) this.#users.delete(userId);
  }

  /** Some entries of a user, from where the previous page ended. */
  page(userId: string, cursor: string | null): { entries: readonly Entry[]; cursor: string | null } {
    const after = Number(cursor ?? 0);
    const page: Entry[] = [];
    let last = after;
    for (const [entry, number] of this.#users.get(userId) ?? []) {
      if (number <= after) continue;
      if (page.length === PAGE_SIZE) return { entries: page, cursor: String(last) };
      page.push(entry);
      last = number;
    }
    return { entries: page, cursor: null };
  }
}
