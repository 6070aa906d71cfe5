import { SessionConfigError } from '../session.errors.js';
import type { RecordDriver, SessionRecord, UserRecords } from './driver.js';

/** A driver that is made and opened on first use: one that the application does not keep its sessions in. */
export class LazyDriver implements RecordDriver {
  readonly #name: string;
  readonly #open: () => Promise<RecordDriver>;
  #opened: Promise<RecordDriver> | null = null;

  /** @param open makes and opens the driver of that name */
  constructor(name: string, open: () => Promise<RecordDriver>) {
    this.#name = name;
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

  async destroyVersion(id: string, version: number): Promise<boolean> {
    const driver = await this.#driver;
    if (driver.destroyVersion === undefined) throw this.#lacks('destroyVersion');
    return driver.destroyVersion(id, version);
  }

  async listByUser(userId: string, cursor: string | null): Promise<UserRecords> {
    const driver = await this.#driver;
    if (driver.listByUser === undefined) throw this.#lacks('listByUser');
    return driver.listByUser(userId, cursor);
  }

  async collectGarbage(now: number, progressed?: () => void): Promise<number> {
    return (await (await this.#driver).collectGarbage?.(now, progressed)) ?? 0;
  }

  async close(): Promise<void> {
    if (this.#opened !== null) await (await this.#opened).close?.();
  }

  get #driver(): Promise<RecordDriver> {
    return (this.#opened ??= this.#open().catch((error: unknown) => {
      // The next call retries.
      this.#opened = null;
      throw error;
    }));
  }

  #lacks(method: string): SessionConfigError {
    return new SessionConfigError(`The session driver "${this.#name}" has no method ${method}.`);
  }
}
