import type { RecordDriver, SessionRecord } from '../drivers/driver.js';
import { SessionError, SessionStoreError } from '../session.errors.js';
import type { SessionLog } from './session-runtime.js';

/**
 * A driver as the lifecycle uses it: no call holds a request longer than the limit, whatever fails becomes a
 * SessionStoreError, and the operator hears once when the store begins to fail and once when it is back.
 */
export class RecordStore {
  readonly #driver: RecordDriver;
  readonly #timeout: number;
  readonly #log: SessionLog;
  readonly #name: string;
  #failing = false;

  /**
   * @param name of the driver, for messages
   * @param timeout ms; Infinity for a driver that works in this process and cannot hang
   */
  constructor(driver: RecordDriver, name: string, timeout: number, log: SessionLog) {
    this.#driver = driver;
    this.#name = name;
    this.#timeout = timeout;
    this.#log = log;
  }

  read(id: string): Promise<SessionRecord | null> {
    return this.#guard(() => this.#driver.read(id));
  }

  write(id: string, record: SessionRecord): Promise<boolean> {
    return this.#guard(() => this.#driver.write(id, record));
  }

  touch(id: string, expiresAt: number): Promise<boolean> {
    return this.#guard(() => this.#driver.touch(id, expiresAt));
  }

  destroy(id: string): Promise<void> {
    return this.#guard(() => this.#driver.destroy(id));
  }

  async #guard<T>(call: () => Promise<T>): Promise<T> {
    try {
      const result = await (this.#timeout === Infinity ? call() : this.#limit(Promise.resolve(call())));
      if (this.#failing) this.#recovered();
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
      this.#failed(failure);
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

  #failed(failure: SessionStoreError): void {
    if (this.#failing) return;
    this.#failing = true;
    // A client's message names hosts and ports; of other errors only the name is certain to hold no data.
    const cause = failure.cause;
    const reason = cause instanceof Error ? ` (${codeOf(cause) ?? cause.name})` : '';
    this.#log.error(`${failure.message}${reason} Said once; the next line will say that it is back.`);
  }

  #recovered(): void {
    this.#failing = false;
    this.#log.log(`The session store "${this.#name}" is back.`);
  }
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
