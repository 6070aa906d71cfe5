import type { RecordDriver, SessionRecord } from '../drivers/driver.js';
import { SessionError, SessionStoreError } from '../session.errors.js';
import type { StoreHealth, StoreUse } from './store-health.js';

/** What the lifecycle asks of a driver. It may take as long as the limit allows, and fails with a SessionStoreError. */
export type RecordStore = Pick<RecordDriver, 'read' | 'write' | 'touch' | 'destroy'>;

/** Writes a record, and finds out whether a write that was refused is its own. */
export async function writeOwn(store: RecordStore, id: string, record: SessionRecord): Promise<boolean> {
  return (await store.write(id, record)) || isOwn(await store.read(id), record);
}

/**
 * Whether what is stored is the very record that was to be written: a client that repeats a command after a broken
 * connection hears "somebody was first" about what it wrote itself.
 */
export function isOwn(stored: SessionRecord | null, record: SessionRecord): boolean {
  return stored?.payload === record.payload;
}

/** Holds a driver to that. One that answers at once, without I/O, needs no guard. */
export class GuardedStore implements RecordStore {
  readonly #driver: RecordDriver;
  readonly #timeout: number;
  readonly #name: string;
  readonly #health: StoreHealth;

  /**
   * @param name of the driver, for messages
   * @param timeout ms; Infinity for none
   * @param health shared by all stores of one name
   */
  constructor(driver: RecordDriver, name: string, timeout: number, health: StoreHealth) {
    this.#driver = driver;
    this.#name = name;
    this.#timeout = timeout;
    this.#health = health;
  }

  read(id: string): Promise<SessionRecord | null> {
    return this.#guard('reading', () => this.#driver.read(id));
  }

  write(id: string, record: SessionRecord): Promise<boolean> {
    return this.#guard('writing', () => this.#driver.write(id, record));
  }

  touch(id: string, expiresAt: number): Promise<boolean> {
    return this.#guard('writing', () => this.#driver.touch(id, expiresAt));
  }

  destroy(id: string): Promise<void> {
    return this.#guard('writing', () => this.#driver.destroy(id));
  }

  async #guard<T>(use: StoreUse, call: () => Promise<T>): Promise<T> {
    const { failures, recoveries } = this.#health;
    try {
      const result = await (this.#timeout === Infinity ? call() : this.#limit(Promise.resolve(call())));
      this.#health.succeeded(use, failures);
      return result;
    } catch (error) {
      // What a driver says with an error of this package (too large, say) is about the session, not about the store.
      if (error instanceof SessionError && !(error instanceof SessionStoreError)) throw error;
      const failure =
        error instanceof SessionStoreError
          ? error
          : new SessionStoreError(
              `The session store "${this.#name}" failed: see cause. Is it running, and are its options right?`,
              { cause: error },
            );
      this.#health.failed(use, failure.message + reasonOf(failure.cause), recoveries);
      throw failure;
    }
  }

  #limit<T>(pending: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new SessionStoreError(
            `The session store "${this.#name}" did not answer within ${this.#timeout} ms (option 'storeTimeout').`,
          ),
        );
      }, this.#timeout);
      pending.then(
        (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(error);
        },
      );
    });
  }
}

/** A client's message may name hosts and hold data; its code, or else its name, is certain not to. */
function reasonOf(cause: unknown): string {
  return cause instanceof Error ? ` (${codeOf(cause) ?? cause.name})` : '';
}

/** The code of an error, or of what it was caused by: clients wrap the system's errors. */
function codeOf(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > 4) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause;
  return codeOf(inner, depth + 1);
}
