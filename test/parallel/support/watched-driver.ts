import type { RecordDriver, SessionRecord, UserRecords } from '../../../lib/drivers/driver.js';

/** One call on a driver. */
export type DriverCall =
  | { readonly method: 'read'; readonly id: string }
  | { readonly method: 'write'; readonly id: string; readonly record: SessionRecord }
  | { readonly method: 'touch'; readonly id: string; readonly expiresAt: number }
  | { readonly method: 'destroy'; readonly id: string }
  | { readonly method: 'destroyVersion'; readonly id: string; readonly version: number };

/** Delegates each call to another driver, and lets a test hold it, count it, or lose its answer. */
export class WatchedDriver implements RecordDriver {
  readonly calls: DriverCall[] = [];
  /** Runs before a call reaches the store. If it throws, the caller gets the error and the store is not called. */
  before: (call: DriverCall) => unknown = () => undefined;
  /** Runs after the store has carried out a call. If it throws, the caller gets the error. */
  after: (call: DriverCall) => unknown = () => undefined;

  /** Runs before a page of a user's records is read, which is not among the calls above. */
  beforeListing: () => unknown = () => undefined;

  /** Only where the other driver has it. */
  readonly destroyVersion?: (id: string, version: number) => Promise<boolean>;

  /** Only where the other driver has it. */
  readonly listByUser?: (userId: string, cursor: string | null) => Promise<UserRecords>;

  constructor(readonly inner: RecordDriver) {
    const listByUser = inner.listByUser?.bind(inner);
    if (listByUser !== undefined)
      this.listByUser = async (userId, cursor) => {
        await this.beforeListing();
        return listByUser(userId, cursor);
      };
    const destroyVersion = inner.destroyVersion?.bind(inner);
    if (destroyVersion === undefined) return;
    this.destroyVersion = (id, version) =>
      this.#watch({ method: 'destroyVersion', id, version }, () => destroyVersion(id, version));
  }

  read(id: string): Promise<SessionRecord | null> {
    return this.#watch({ method: 'read', id }, () => this.inner.read(id));
  }

  write(id: string, record: SessionRecord): Promise<boolean> {
    return this.#watch({ method: 'write', id, record }, () => this.inner.write(id, record));
  }

  touch(id: string, expiresAt: number): Promise<boolean> {
    return this.#watch({ method: 'touch', id, expiresAt }, () => this.inner.touch(id, expiresAt));
  }

  destroy(id: string): Promise<void> {
    return this.#watch({ method: 'destroy', id }, () => this.inner.destroy(id));
  }

  async #watch<T>(call: DriverCall, perform: () => Promise<T>): Promise<T> {
    this.calls.push(call);
    await this.before(call);
    const result = await perform();
    await this.after(call);
    return result;
  }

  /** How often each method was called since the last `takeCounts`; both kinds of removal count as `destroy`. */
  takeCounts(): Record<Exclude<DriverCall['method'], 'destroyVersion'>, number> {
    const counts = { read: 0, write: 0, touch: 0, destroy: 0 };
    for (const { method } of this.calls.splice(0))
      counts[method === 'destroyVersion' ? 'destroy' : method] += 1;
    return counts;
  }
}
