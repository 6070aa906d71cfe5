/** Into how many parts a round is divided. */
const PARTS = 10;

/**
 * Visits each member once in a round: evenly spread over it, and for the first time within one round from when it joined.
 * One timer for all of them, and none while there are none. It keeps no process alive.
 */
export class RoundTimer<T> {
  readonly #partMs: number;
  readonly #visit: (member: T) => void;
  readonly #parts: readonly Set<T>[] = Array.from({ length: PARTS }, () => new Set<T>());
  readonly #partOf = new Map<T, Set<T>>();
  #timer: NodeJS.Timeout | null = null;
  #next = 0;
  #joined = 0;

  /** @param roundMs how long a round takes */
  constructor(roundMs: number, visit: (member: T) => void) {
    this.#partMs = Math.max(1, Math.floor(roundMs / PARTS));
    this.#visit = visit;
  }

  /** A member joins. Does nothing where it is one. */
  add(member: T): void {
    if (this.#partOf.has(member)) return;
    const part = this.#part(this.#joined);
    this.#joined += 1;
    part.add(member);
    this.#partOf.set(member, part);
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => {
      this.#visitNext();
    }, this.#partMs);
    this.#timer.unref();
  }

  /** A member leaves. Does nothing where it is none. */
  delete(member: T): void {
    this.#partOf.get(member)?.delete(member);
    this.#partOf.delete(member);
    if (this.#partOf.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #visitNext(): void {
    const part = this.#part(this.#next);
    this.#next += 1;
    for (const member of part) this.#visit(member);
  }

  #part(number: number): Set<T> {
    const part = this.#parts[number % PARTS];
    if (part === undefined) throw new RangeError('A round has no such part.');
    return part;
  }
}
