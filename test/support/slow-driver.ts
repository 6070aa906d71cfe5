import type { RecordDriver, SessionRecord } from 'nestjs-session-kit';

/** A store in this process whose writes are slow, and fail on command. */
export class SlowDriver implements RecordDriver {
  readonly records = new Map<string, SessionRecord>();
  /** The calls, in order. */
  readonly calls: string[] = [];
  /** The payloads of all writes, in order. */
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
    // Real time on purpose: a response sent earlier was sent too early, whatever a fake clock says.
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
