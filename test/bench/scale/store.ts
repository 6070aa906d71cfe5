import type { RecordDriver } from '../../../lib/drivers/driver.js';
import type { ScaleClock } from './scale-clock.js';

/** Where a store may keep its data, and which servers there are. */
export interface StorePlace {
  readonly folder: string;
  readonly redisUrl: string;
  readonly postgresUrl: string;
  readonly clock: ScaleClock;
}

/** The records of these numbers, from the first to before the last, all with one expiry. */
export interface RecordRange {
  readonly from: number;
  readonly to: number;
  readonly expiresAt: number;
  readonly now: number;
}

/** A store to fill. */
export interface ScaleStore {
  readonly driver: RecordDriver;
  /** How many records are written at a time while it is filled. */
  readonly fillWidth: number;
  /** The bytes that its records take, in memory or on disk. */
  size(): Promise<number>;
  /** Fills it in a way of its own, where many single writes would take too long; the records are the same. */
  fill?(records: RecordRange): Promise<void>;
  /** Brings what it does by itself now and then to an end before it is measured. */
  settle?(): Promise<void>;
  close(): Promise<void>;
}

export type OpenStore = (place: StorePlace) => Promise<ScaleStore>;

/** What this run keeps sessions in, and how many at most. */
export interface StoreKind {
  readonly name: string;
  /** What `size` is about. */
  readonly medium: 'memory' | 'disk';
  readonly most: number;
  readonly server?: 'redis' | 'postgres';
  load(): Promise<OpenStore>;
}

export const storeKinds: readonly StoreKind[] = [
  {
    name: 'memory',
    medium: 'memory',
    most: 1_000_000,
    load: async () => (await import('./stores/memory.js')).openMemory,
  },
  {
    name: 'sqlite',
    medium: 'disk',
    most: 1_000_000,
    load: async () => (await import('./stores/sqlite.js')).openSqliteStore,
  },
  {
    name: 'postgres',
    medium: 'disk',
    most: 1_000_000,
    server: 'postgres',
    load: async () => (await import('./stores/postgres.js')).openPostgres,
  },
  {
    name: 'redis',
    medium: 'memory',
    most: 1_000_000,
    server: 'redis',
    load: async () => (await import('./stores/redis.js')).openRedis,
  },
  {
    name: 'file',
    medium: 'disk',
    most: 100_000,
    load: async () => (await import('./stores/file.js')).openFile,
  },
];
