import type { RecordDriver } from '../../../lib/drivers/driver.js';
import type { ScaleClock } from './scale-clock.js';

/** Where stores can keep their data, and the available servers. */
export interface StorePlace {
  readonly folder: string;
  readonly redisUrl: string;
  readonly postgresUrl: string;
  readonly clock: ScaleClock;
}

/** The records with numbers from `from` up to but not including `to`, all with one expiry. */
export interface RecordRange {
  readonly from: number;
  readonly to: number;
  readonly expiresAt: number;
  readonly now: number;
}

/** A store to fill. */
export interface ScaleStore {
  readonly driver: RecordDriver;
  /** How many records are written concurrently while filling. */
  readonly fillWidth: number;
  /** The size of its records in bytes, in memory or on disk. */
  size(): Promise<number>;
  /** Fills the store faster than by single writes, with the same records. */
  fill?(records: RecordRange): Promise<void>;
  /** Completes periodic background work before a measurement. */
  settle?(): Promise<void>;
  close(): Promise<void>;
}

export type OpenStore = (place: StorePlace) => Promise<ScaleStore>;

/** A kind of store, and its largest number of sessions. */
export interface StoreKind {
  readonly name: string;
  /** What `size` measures. */
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
