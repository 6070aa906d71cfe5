/** How many of them the store is asked for at the same time, while they are few. */
const FEW_LOOKS = 8;

/**
 * For how many answers of the store, one after the other, a round has time: the more sessions, the more are asked for at the same
 * time. So a store that takes 150 ms keeps up with any number of them in the longest of rounds.
 */
const ANSWERS_IN_A_ROUND = 128;

/**
 * How many before others have their turn: a store in this process answers within the same turn of the event loop, and thousands
 * of sessions are due at once.
 */
const LOOKS_IN_A_TURN = 64;

/** Asks the store for many sessions, some at the same time, so that neither it nor this process is kept busy by them alone. */
export class PacedLookups<T> {
  readonly #look: (one: T) => Promise<void>;
  readonly #total: () => number;
  /** Those to be asked for next. */
  readonly #due = new Set<T>();
  readonly #asked = new Set<T>();
  #looks = 0;
  #looksInTurn = 0;
  #turn: Promise<void> | null = null;

  /**
   * @param total how many there are to be asked for in a round
   * @param look asks for one; never rejects
   */
  constructor(total: () => number, look: (one: T) => Promise<void>) {
    this.#total = total;
    this.#look = look;
  }

  /** One is due. Nothing happens where it is being asked for. */
  add(one: T): void {
    if (this.#asked.has(one)) return;
    this.#due.add(one);
    if (this.#looks < Math.max(FEW_LOOKS, this.#total() / ANSWERS_IN_A_ROUND)) void this.#lookAtDue();
  }

  /** Nobody wants to know any more. */
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
