import { systemClock } from '../../../lib/drivers/clock.js';
import type { SessionRecord } from '../../../lib/drivers/driver.js';
import { CustomDriver } from '../../conformance/custom-driver.js';
import { pass } from '../../support/session-writes.js';

/** A store in this process whose calls take some turns of the event loop. */
export class UnevenDriver extends CustomDriver {
  #turns: readonly number[] = [0];
  #calls = 0;
  /** The payload stored last. */
  latest = '';

  constructor() {
    super(systemClock);
  }

  /** @param turns how many turns each of the next calls takes, over and over */
  take(turns: readonly number[]): void {
    [this.#turns, this.#calls] = [turns, 0];
  }

  #pass(): Promise<void> {
    return pass(this.#turns[this.#calls++ % this.#turns.length] ?? 0);
  }

  override async read(id: string): Promise<SessionRecord | null> {
    await this.#pass();
    return super.read(id);
  }

  override async write(id: string, record: SessionRecord): Promise<boolean> {
    await this.#pass();
    const isStored = await super.write(id, record);
    if (isStored) this.latest = record.payload;
    return isStored;
  }
}
