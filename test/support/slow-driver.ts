import type { RecordDriver, SessionRecord } from 'nestjs-session-kit';

/** A store in this process whose writes take their time, and fail when told to. */
export class SlowDriver implements RecordDriver {
  readonly records = new Map<string, SessionRecord>();
  /** What the calls were, in order. */
  readonly calls: string[] = [];
  /** The payloads that were to be written, in order. */
  readonly written: string[] = [];
  failing = false;

  /** @param writeMs how long a write takes */
  constructor(private readonly writeMs: number) {}

  async read(id: string): Promise<SessionRecord | null> {
    this.calls.push('read');
    const record = this.records.get(id);
    return record !== undefined && record.expiresAt > Date.now() ? { ...record } : null;
  }

  async write(id: string, record: SessionRecord): Promise<boolean> {
    this.calls.push('write');
    this.written.push(record.payload);
    // Real time on purpose: what leaves before this has passed has left too early, whatever the clock says.
    await new Promise((resolve) => {
      setTimeout(resolve, this.writeMs);
    });
    if (this.failing) throw new Error('the disk is full');
    if ((this.records.get(id)?.version ?? 0) !== record.version - 1) return false;
    this.records.set(id, { ...record });
    return true;
  }

  async touch(id: string, expiresAt: number): Promise<boolean> {
    this.calls.push('touch');
    const record = this.records.get(id);
    if (record === undefined) return false;
    record.expiresAt = expiresAt;
    return true;
  }

  async destroy(id: string): Promise<void> {
    this.calls.push('destroy');
    this.records.delete(id);
  }
}
