import { DataSource, type DataSourceOptions } from 'typeorm';
import { systemClock } from '../../../lib/drivers/clock.js';
import { CreateSessionsTable1700000000000 } from '../../../lib/drivers/database/create-sessions-table.migration.js';
import { DatabaseDriver } from '../../../lib/drivers/database/database.driver.js';
import { SessionEntity } from '../../../lib/drivers/database/session.entity.js';
import type { RecordDriver } from '../../../lib/drivers/driver.js';
import { FileDriver } from '../../../lib/drivers/file/file.driver.js';
import { MemcachedDriver } from '../../../lib/drivers/memcached/memcached.driver.js';
import { RedisDriver } from '../../../lib/drivers/redis/redis.driver.js';

/** Where sessions are stored, in a form that can be sent to another process. */
export type StoreSetting =
  | { readonly driver: 'file'; readonly location: string }
  | { readonly driver: 'redis'; readonly url: string; readonly prefix: string }
  | { readonly driver: 'memcached'; readonly servers: string; readonly prefix: string }
  | { readonly driver: 'database'; readonly source: DataSourceOptions };

/** A driver on a store, and how to close it. */
export interface OpenStore {
  readonly driver: RecordDriver;
  close(): Promise<void>;
}

const STORE_TIMEOUT_MS = 60_000;

/** Opens a driver of the package on a shared store. */
export async function openStore(
  setting: StoreSetting,
  storeTimeout: number = STORE_TIMEOUT_MS,
): Promise<OpenStore> {
  const context = { clock: systemClock, storeTimeout, resolve: () => undefined };
  switch (setting.driver) {
    case 'file':
      return opened(new FileDriver({ location: setting.location }));
    case 'redis':
      return opened(new RedisDriver({ url: setting.url, prefix: setting.prefix }, context));
    case 'memcached':
      return opened(new MemcachedDriver({ servers: setting.servers, prefix: setting.prefix }, context));
    case 'database': {
      const source = await new DataSource({
        ...setting.source,
        entities: [SessionEntity],
        migrations: [CreateSessionsTable1700000000000],
      }).initialize();
      const store = await opened(new DatabaseDriver({ dataSource: source }, context));
      return {
        driver: store.driver,
        close: async () => {
          await store.close();
          await source.destroy();
        },
      };
    }
  }
}

/** Creates the table if the store needs one. Once per store, before it is opened. */
export async function prepareStore(setting: StoreSetting): Promise<void> {
  if (setting.driver !== 'database') return;
  const source = await new DataSource({
    ...setting.source,
    entities: [SessionEntity],
    migrations: [CreateSessionsTable1700000000000],
  }).initialize();
  await source.runMigrations();
  await source.destroy();
}

async function opened(
  driver: RecordDriver & { open?(): Promise<void>; close?(): Promise<void> },
): Promise<OpenStore> {
  await driver.open?.();
  return { driver, close: async () => driver.close?.() };
}
