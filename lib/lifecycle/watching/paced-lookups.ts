/** The minimum number of parallel look-ups. */
const FEW_LOOKS = 8;

/**
 * How many consecutive answers of the store fit in a round. The more sessions, the more are looked up in
 * parallel, so a store that takes 150 ms keeps up with any number of them in the longest round.
 */
const ANSWERS_IN_A_ROUND = 128;

/**
 * How many look-ups run per turn of the event loop: a store in this process answers within the same turn, and
 * thousands of sessions are due at once.
 */
const LOOKS_IN_A_TURN = 64;

/**
 * Looks up many sessions in the store, some in parallel, without keeping the store or this process busy with
 * nothing else.
 */
export class PacedLookups<T> {
  readonly #look: (one: T) => Promise<void>;
  readonly #total: () => number;
  /** Those to look up next. */
  readonly #due = new Set<T>();
  readonly #asked = new Set<T>();
  #looks = 0;
  #looksInTurn = 0;
  #turn: Promise<void> | null = null;

  /**
   * @param total how many sessions a round looks up
   * @param look looks up one; never rejects
   */
  constructor(total: () => number, look: (one: T) => Promise<void>) {
    this.#total = total;
    this.#look = look;
  }

  /** Adds a session that is due. Does nothing while it is being looked up. */
  add(one: T): void {
    if (this.#asked.has(one)) return;
    this.#due.add(one);
    if (this.#looks < Math.max(FEW_LOOKS, this.#total() / ANSWERS_IN_A_ROUND)) void this.#lookAtDue();
  }

  /** Drops a session that nobody watches any more. */
  delete(one: T): void {
    this.#due.delete(one);
  }

  async #lookAtDue(): Promise<void> {
    this.#looks += 1;
    for (let [one] = this.#due; one !== undefined; [one] = this.#due) {
      if (this.#looksInTurn === LOOKS_IN_A_TURN) {
        await this.#nextTurn();
        continue;
      }
      this.#looksInTurn += 1;
      this.#due.delete(one);
      this.#asked.add(one);
      await this.#look(one);
      this.#asked.delete(one);
    }
    this.#looks -= 1;
  }

  #nextTurn(): Promise<void> {
    return (this.#turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#turn = null;
        this.#looksInTurn = 0;
        resolve();
      });
    }));
  }
}
