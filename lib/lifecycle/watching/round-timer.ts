/** The number of parts of a round. */
const PARTS = 10;

/**
 * Calls a function for each member once per round, evenly spread over it; a new member within one round of joining. One
 * timer serves all members, and none runs while there are none. It does not keep the process alive.
 */
export class RoundTimer<T> {
  readonly #partMs: number;
  readonly #each: (member: T) => void;
  /** The part of the round in which each member is called. */
  readonly #partOf = new Map<T, number>();
  #timer: NodeJS.Timeout | null = null;
  #next = 0;
  #joined = 0;

  /** @param roundMs how long a round takes */
  constructor(roundMs: number, each: (member: T) => void) {
    this.#partMs = Math.max(1, Math.floor(roundMs / PARTS));
    this.#each = each;
  }

  /** Adds a member. */
  add(member: T): void {
    this.#partOf.set(member, this.#joined % PARTS);
    this.#joined += 1;
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => {
      this.#runNext();
    }, this.#partMs);
    this.#timer.unref();
  }

  /** Removes a member. Does nothing if it is none. */
  delete(member: T): void {
    this.#partOf.delete(member);
    if (this.#partOf.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #runNext(): void {
    const due = this.#next % PARTS;
    this.#next += 1;
    for (const [member, part] of this.#partOf) if (part === due) this.#each(member);
  }
}
