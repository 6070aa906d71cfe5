/**
 * A place in a ring ordered by last use. Every operation takes the same time, however many places there are. One
 * link that stands for nothing begins and ends the ring.
 */
export class RecencyLink {
  older: RecencyLink = this;
  newer: RecencyLink = this;

  /** Moves another link into the ring that this one begins and ends: it was used last. */
  putLast(link: RecencyLink): void {
    link.unlink();
    link.newer = this;
    link.older = this.older;
    this.older.newer = link;
    this.older = link;
  }

  /** Takes this link out of its ring. */
  unlink(): void {
    this.older.newer = this.newer;
    this.newer.older = this.older;
    this.older = this;
    this.newer = this;
  }
}
