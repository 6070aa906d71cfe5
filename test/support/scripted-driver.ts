import type { RecordDriver, SessionRecord } from 'nestjs-session-kit';
import { systemClock } from '../../lib/drivers/clock.js';
import { CustomDriver } from '../conformance/custom-driver.js';

/** How a store behaves. */
export type StoreMood =
  | 'well'
  /** Each call is rejected at once. */
  | 'failing'
  /** No call is ever answered. */
  | 'hanging'
  /** Each call takes this many ms. */
  | { readonly slowMs: number };

export type StoreMethod = 'read' | 'write' | 'touch' | 'destroy';

/** A store in this process that a test can put into any kind of trouble. */
export class ScriptedDriver implements RecordDriver {
  /** The calls, in order. */
  readonly calls: StoreMethod[] = [];
  /** The mood of all calls, unless `moods` has one for the method. */
  mood: StoreMood = 'well';
  moods: Partial<Record<StoreMethod, StoreMood>> = {};
  /** The message of its errors, which must not leak. */
  readonly secretMessage = 'connect failed at user:password@store';
  readonly #inner = new CustomDriver(systemClock);

  read(id: string): Promise<SessionRecord | null> {
    return this.#as('read', () => this.#inner.read(id));
  }

  write(id: string, record: SessionRecord): Promise<boolean> {
    return this.#as('write', () => this.#inner.write(id, record));
  }

  touch(id: string, expiresAt: number): Promise<boolean> {
    return this.#as('touch', () => this.#inner.touch(id, expiresAt));
  }

  destroy(id: string): Promise<void> {
    return this.#as('destroy', () => this.#inner.destroy(id));
  }

  async #as<T>(method: StoreMethod, perform: () => Promise<T>): Promise<T> {
    this.calls.push(method);
    const mood = this.moods[method] ?? this.mood;
    if (mood === 'well') return perform();
    if (mood === 'failing') throw Object.assign(new Error(this.secretMessage), { code: 'ECONNREFUSED' });
    if (mood === 'hanging') return new Promise<T>(() => undefined);
    // Real time on purpose: the time-outs under test use real timers.
    await new Promise((resolve) => {
      setTimeout(resolve, mood.slowMs);
    });
    return perform();
  }
}
