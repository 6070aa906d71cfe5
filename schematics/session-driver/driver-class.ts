/**
 * The source of a driver that keeps records in a Map, with the contract of each method and hints for a real
 * store.
 */
export const driverClass = (name: string, className: string): string => `import {
  type RecordDriver,
  SessionDriver,
  type SessionRecord,
} from 'nestjs-session-kit';

/**
 * Keeps sessions where the option \`driver: '${name}'\` says. List it among the providers of a module: Nest injects what its
 * constructor asks for. The Map stands for your store: put a command of it in place of each use.
 */
@SessionDriver('${name}')
export class ${className} implements RecordDriver {
  private readonly records = new Map<string, SessionRecord>();

  /** The live record, or null: never one that has expired. */
  read(id: string): Promise<SessionRecord | null> {
    const record = this.live(id);
    return Promise.resolve(record === undefined ? null : { ...record });
  }

  /**
   * Stores a record only in place of the version before it (0: no live record). Comparing and storing must be one command of
   * the store, such as UPDATE ... WHERE id = ? AND version = ?: on it rests that no update is lost.
   */
  write(id: string, record: SessionRecord): Promise<boolean> {
    const version = this.live(id)?.version ?? 0;
    if (version !== record.version - 1) return Promise.resolve(false);
    this.records.set(id, { ...record });
    return Promise.resolve(true);
  }

  /** Moves the expiry of a live record, and never makes one. */
  touch(id: string, expiresAt: number): Promise<boolean> {
    const record = this.live(id);
    if (record === undefined) return Promise.resolve(false);
    this.records.set(id, { ...record, expiresAt });
    return Promise.resolve(true);
  }

  /** Removes the record. No error where there is none. */
  destroy(id: string): Promise<void> {
    this.records.delete(id);
    return Promise.resolve();
  }

  /** Removes what has expired; leave this out where the store does so itself. */
  collectGarbage(now: number): Promise<number> {
    let removed = 0;
    for (const [id, { expiresAt }] of this.records) {
      if (expiresAt <= now && this.records.delete(id)) removed += 1;
    }
    return Promise.resolve(removed);
  }

  private live(id: string): SessionRecord | undefined {
    const record = this.records.get(id);
    const isLive = record !== undefined && record.expiresAt > Date.now();
    return isLive ? record : undefined;
  }
}
`;
