/** The number of parts of a round. */
const PARTS = 10;

/**
 * Calls a function for each member once per round, evenly spread over it; a new member within one round of joining. One
 * timer serves all members, and none runs while there are none. It does not keep the process alive.
 */
export class RoundTimer<T> {
  readonly #partMs: number;
  readonly #each: (member: T) => void;
  readonly #parts: readonly Set<T>[] = Array.from({ length: PARTS }, () => new Set<T>());
  readonly #partOf = new Map<T, Set<T>>();
  #timer: NodeJS.Timeout | null = null;
  #next = 0;
  #joined = 0;

  /** @param roundMs how long a round takes */
  constructor(roundMs: number, each: (member: T) => void) {
    this.#partMs = Math.max(1, Math.floor(roundMs / PARTS));
    this.#each = each;
  }

  /** Adds a member. Does nothing if it is one already. */
  add(member: T): void {
    if (this.#partOf.has(member)) return;
    const part = this.#part(this.#joined);
    this.#joined += 1;
    part.add(member);
    this.#partOf.set(member, part);
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => {
      this.#runNext();
    }, this.#partMs);
    this.#timer.unref();
  }

  /** Removes a member. Does nothing if it is none. */
  delete(member: T): void {
    this.#partOf.get(member)?.delete(member);
    this.#partOf.delete(member);
    if (this.#partOf.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #runNext(): void {
    const part = this.#part(this.#next);
    this.#next += 1;
    for (const member of part) this.#each(member);
  }

  #part(number: number): Set<T> {
    const part = this.#parts[number % PARTS];
    if (part === undefined) throw new RangeError('A round has no such part.');
    return part;
  }
}
