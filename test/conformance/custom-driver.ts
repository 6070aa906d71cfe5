import type { Clock } from '../../lib/drivers/clock.js';
import type { RecordDriver, SessionRecord } from '../../lib/drivers/driver.js';

/** A driver as an application writes one: the four methods on a Map, nothing else. */
export class CustomDriver implements RecordDriver {
  private readonly records = new Map<string, SessionRecord>();

  constructor(private readonly clock: Clock) {}

  async read(id: string): Promise<SessionRecord | null> {
    const record = this.live(id);
    return record === undefined ? null : { ...record };
  }

  async write(id: string, record: SessionRecord): Promise<boolean> {
    if ((this.live(id)?.version ?? 0) !== record.version - 1) return false;
    this.records.set(id, { ...record });
    return true;
  }

  async touch(id: string, expiresAt: number): Promise<boolean> {
    const record = this.live(id);
    if (record === undefined) return false;
    record.expiresAt = expiresAt;
    return true;
  }

  async destroy(id: string): Promise<void> {
    this.records.delete(id);
  }

  private live(id: string): SessionRecord | undefined {
    const record = this.records.get(id);
    return record !== undefined && record.expiresAt > this.clock.now() ? record : undefined;
  }
}
