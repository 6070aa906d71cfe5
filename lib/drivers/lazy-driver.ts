import type { RecordDriver, SessionRecord } from './driver.js';

/** A driver that is made and opened when it is first asked for something: one that the application does not live on. */
export class LazyDriver implements RecordDriver {
  readonly #open: () => Promise<RecordDriver>;
  #opened: Promise<RecordDriver> | null = null;

  constructor(open: () => Promise<RecordDriver>) {
    this.#open = open;
  }

  async read(id: string): Promise<SessionRecord | null> {
    return (await this.#driver).read(id);
  }

  async write(id: string, record: SessionRecord): Promise<boolean> {
    return (await this.#driver).write(id, record);
  }

  async touch(id: string, expiresAt: number): Promise<boolean> {
    return (await this.#driver).touch(id, expiresAt);
  }

  async destroy(id: string): Promise<void> {
    await (await this.#driver).destroy(id);
  }

  async collectGarbage(now: number, progressed?: () => void): Promise<number> {
    return (await (await this.#driver).collectGarbage?.(now, progressed)) ?? 0;
  }

  async close(): Promise<void> {
    if (this.#opened !== null) await (await this.#opened).close?.();
  }

  get #driver(): Promise<RecordDriver> {
    return (this.#opened ??= this.#open().catch((error: unknown) => {
      // The next call tries again.
      this.#opened = null;
      throw error;
    }));
  }
}
