/**
 * An id in a ring of ids that is kept in the order of their last use: every operation costs the same, however many there
 * are. One link that stands for no id begins and ends the ring.
 */
export class RecencyLink {
  older: RecencyLink = this;
  newer: RecencyLink = this;

  constructor(readonly id: string) {}

  /** Moves it to the place before `next`, into whose ring it goes. */
  moveBefore(next: RecencyLink): void {
    this.unlink();
    this.newer = next;
    this.older = next.older;
    this.older.newer = this;
    next.older = this;
  }

  /** Takes it out of its ring. */
  unlink(): void {
    this.older.newer = this.newer;
    this.newer.older = this.older;
    this.older = this;
    this.newer = this;
  }
}
