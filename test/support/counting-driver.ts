import { systemClock } from '../../lib/drivers/clock.js';
import type { SessionRecord } from '../../lib/drivers/driver.js';
import { CustomDriver } from '../conformance/custom-driver.js';

/** A store in this process that records each call, which elsewhere would be a round trip. */
export class CountingDriver extends CustomDriver {
  calls: string[] = [];

  constructor() {
    super(systemClock);
  }

  override read(id: string): Promise<SessionRecord | null> {
    this.calls.push('read');
    return super.read(id);
  }

  override write(id: string, record: SessionRecord): Promise<boolean> {
    this.calls.push('write');
    return super.write(id, record);
  }

  override touch(id: string, expiresAt: number): Promise<boolean> {
    this.calls.push('touch');
    return super.touch(id, expiresAt);
  }

  override destroy(id: string): Promise<void> {
    this.calls.push('destroy');
    return super.destroy(id);
  }

  /** Returns the calls since the last `take`. */
  take(): string[] {
    const { calls } = this;
    this.calls = [];
    return calls;
  }
}
