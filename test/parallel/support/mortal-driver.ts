import type { RecordDriver, SessionRecord, UserRecords } from '../../../lib/drivers/driver.js';
import { Deferred } from './deferred.js';

type WholeDriver = RecordDriver & Required<Pick<RecordDriver, 'listByUser' | 'destroyVersion'>>;

/**
 * The driver of a process that dies: the store carries out its last call, but no answer arrives. Later calls do not
 * reach the store.
 */
export class MortalDriver implements RecordDriver {
  readonly #died = new Deferred();
  readonly #inner: WholeDriver;
  #left: number;

  /** @param calls how many calls the process makes before it dies; Infinity: it survives */
  constructor(inner: RecordDriver, calls: number) {
    if (!isWhole(inner)) throw new Error('Not without listByUser and destroyVersion.');
    this.#inner = inner;
    this.#left = calls;
  }

  /** Waits for the result of a deed; undefined if the process dies. */
  survive<T>(deed: Promise<T>): Promise<T | undefined> {
    return Promise.race([deed, this.#died.promise.then(() => undefined)]);
  }

  read(id: string): Promise<SessionRecord | null> {
    return this.#call(() => this.#inner.read(id));
  }

  write(id: string, record: SessionRecord): Promise<boolean> {
    return this.#call(() => this.#inner.write(id, record));
  }

  touch(id: string, expiresAt: number): Promise<boolean> {
    return this.#call(() => this.#inner.touch(id, expiresAt));
  }

  destroy(id: string): Promise<void> {
    return this.#call(() => this.#inner.destroy(id));
  }

  destroyVersion(id: string, version: number): Promise<boolean> {
    return this.#call(() => this.#inner.destroyVersion(id, version));
  }

  listByUser(userId: string, cursor: string | null): Promise<UserRecords> {
    return this.#call(() => this.#inner.listByUser(userId, cursor));
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    if (this.#left > 0) {
      this.#left -= 1;
      const answer = await call();
      if (this.#left > 0) return answer;
    }
    this.#died.resolve();
    return new Deferred<T>().promise;
  }
}

function isWhole(driver: RecordDriver): driver is WholeDriver {
  return driver.listByUser !== undefined && driver.destroyVersion !== undefined;
}
