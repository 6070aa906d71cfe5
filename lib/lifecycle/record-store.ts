import { isIPv6, isIP } from 'node:net';
import type { RecordDriver, SessionRecord } from '../drivers/driver.js';
import { SessionError, SessionStoreError } from '../session.errors.js';
import type { StoreHealth, StoreUse } from './store-health.js';

/** What the lifecycle asks of a driver. It may take as long as the limit allows, and fails with a SessionStoreError. */
export type RecordStore = Pick<RecordDriver, 'read' | 'write' | 'touch' | 'destroy' | 'destroyVersion'>;

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

const WHAT_TO_LOOK_AT = 'Is it running, and are its options right?';

/** Holds a driver to that. One that answers at once, without I/O, needs no guard. */
export class GuardedStore implements RecordStore {
  /** Only where the driver has it. */
  readonly destroyVersion?: (id: string, version: number) => Promise<boolean>;
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
    const destroyVersion = driver.destroyVersion?.bind(driver);
    if (destroyVersion !== undefined) {
      this.destroyVersion = (id, version) => this.#guard('writing', () => destroyVersion(id, version));
    }
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
          : new SessionStoreError(`${this.#failed(': see cause')} ${WHAT_TO_LOOK_AT}`, { cause: error });
      const said =
        error instanceof SessionStoreError
          ? error.message + reasonOf(error.cause)
          : `${this.#failed(reasonOf(error))} ${WHAT_TO_LOOK_AT}`;
      this.#health.failed(use, said, recoveries);
      throw failure;
    }
  }

  #failed(why: string): string {
    return `The session store "${this.#name}" failed${why}.`;
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
  if (!(cause instanceof Error)) return '';
  const [coded, ...behind] = chainOf(cause).filter(isCoded);
  if (coded === undefined) return ` (${cause.name})`;
  const place = [coded, ...behind].map(addressOf).find((address) => address !== undefined);
  return ` (${coded.code}${place === undefined ? '' : ` ${place}`})`;
}

function isCoded(error: Error): error is Error & { readonly code: string } {
  return 'code' in error && typeof error.code === 'string';
}

/** An error and what it was caused by: clients wrap the system's errors. */
function chainOf(error: unknown, depth = 0): Error[] {
  if (!(error instanceof Error) || depth > 4) return [];
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause;
  return [error, ...chainOf(inner, depth + 1)];
}

/** Where Node could not connect to, as `address:port`. The address alone, which nobody keeps secret: no name, no URL. */
function addressOf(error: Error): string | undefined {
  const [syscall, address, port]: unknown[] = ['syscall', 'address', 'port'].map((name): unknown =>
    Reflect.get(error, name),
  );
  if (syscall !== 'connect' || typeof address !== 'string' || isIP(address) === 0) return undefined;
  if (typeof port !== 'number') return undefined;
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}
