import type { RecordDriver, SessionRecord } from 'nestjs-session-kit';

/** Counts the calls of a driver that are still unanswered. */
export class PendingDriver implements RecordDriver {
  pending = 0;

  constructor(readonly inner: RecordDriver) {}

  open(): Promise<void> {
    return this.inner.open?.(undefined) ?? Promise.resolve();
  }

  close(): Promise<void> {
    return this.inner.close?.() ?? Promise.resolve();
  }

  stalled(): void {
    this.inner.stalled?.();
  }

  read(id: string): Promise<SessionRecord | null> {
    return this.#count(this.inner.read(id));
  }

  write(id: string, record: SessionRecord): Promise<boolean> {
    return this.#count(this.inner.write(id, record));
  }

  touch(id: string, expiresAt: number): Promise<boolean> {
    return this.#count(this.inner.touch(id, expiresAt));
  }

  destroy(id: string): Promise<void> {
    return this.#count(this.inner.destroy(id));
  }

  async #count<T>(call: Promise<T>): Promise<T> {
    this.pending += 1;
    try {
      return await call;
    } finally {
      this.pending -= 1;
    }
  }
}
