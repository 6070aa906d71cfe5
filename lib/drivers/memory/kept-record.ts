import type { SessionRecord } from '../driver.js';
import type { RecencyLink } from './recency-list.js';

/** A record in memory. It holds primitive fields only, so nothing it was made from or gives away can change it. */
export class KeptRecord implements SessionRecord, RecencyLink<KeptRecord> {
  older: KeptRecord | undefined = undefined;
  newer: KeptRecord | undefined = undefined;
  payload: string;
  expiresAt: number;
  version: number;
  lastActivity: number;
  userId: string | null;
  ipAddress: string | null;
  userAgent: string | null;

  constructor(
    readonly id: string,
    record: SessionRecord,
  ) {
    this.payload = record.payload;
    this.expiresAt = record.expiresAt;
    this.version = record.version;
    this.lastActivity = record.lastActivity;
    this.userId = record.userId;
    this.ipAddress = record.ipAddress;
    this.userAgent = record.userAgent;
  }

  /** Takes over every field of a record. */
  assign(record: SessionRecord): void {
    this.payload = record.payload;
    this.expiresAt = record.expiresAt;
    this.version = record.version;
    this.lastActivity = record.lastActivity;
    this.userId = record.userId;
    this.ipAddress = record.ipAddress;
    this.userAgent = record.userAgent;
  }

  /** A record of its own, for the caller to keep. */
  copy(): SessionRecord {
    return {
      payload: this.payload,
      expiresAt: this.expiresAt,
      version: this.version,
      lastActivity: this.lastActivity,
      userId: this.userId,
      ipAddress: this.ipAddress,
      userAgent: this.userAgent,
    };
  }
}
