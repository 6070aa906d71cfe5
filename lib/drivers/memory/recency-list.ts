/** The neighbours of an item in a `RecencyList`. */
export interface RecencyLink<T> {
  older: T | undefined;
  newer: T | undefined;
}

/** Items in the order of their last use, linked to each other so that every operation costs the same. */
export class RecencyList<T extends RecencyLink<T>> {
  #newest: T | undefined;
  #oldest: T | undefined;
  #size = 0;

  /** @param max how many items the list takes */
  constructor(private readonly max: number) {}

  /** Puts an item in as the newest. Returns the oldest, which leaves the list, where that makes one too many. */
  add(item: T): T | undefined {
    this.#link(item);
    if (this.#size <= this.max) return undefined;
    const oldest = this.#oldest;
    if (oldest !== undefined) this.remove(oldest);
    return oldest;
  }

  /** Makes an item of the list the newest. */
  use(item: T): void {
    if (item === this.#newest) return;
    this.remove(item);
    this.#link(item);
  }

  /** Takes an item of the list out. */
  remove(item: T): void {
    if (item.newer === undefined) this.#newest = item.older;
    else item.newer.older = item.older;
    if (item.older === undefined) this.#oldest = item.newer;
    else item.older.newer = item.newer;
    item.newer = undefined;
    item.older = undefined;
    this.#size--;
  }

  #link(item: T): void {
    item.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
    this.#size++;
  }
}
