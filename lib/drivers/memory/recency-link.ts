/**
 * A place in a ring ordered by last use. Every operation takes the same time, however many places there are. One
 * link that stands for nothing begins and ends the ring.
 */
export class RecencyLink {
  older: RecencyLink = this;
  newer: RecencyLink = this;

  /** Moves this link into the ring of `next`, before it. */
  moveBefore(next: RecencyLink): void {
    this.unlink();
    this.newer = next;
    this.older = next.older;
    this.older.newer = this;
    next.older = this;
  }

  /** Takes this link out of its ring. */
  unlink(): void {
    this.older.newer = this.newer;
    this.newer.older = this.older;
    this.older = this;
    this.newer = this;
  }
}
