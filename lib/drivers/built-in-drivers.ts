import type { Keyring } from '../crypto/keyring.js';
import type { DriverContext } from './driver-context.js';
import type { DatabaseDriverOptions } from './database/database.options.js';
import type { RecordDriver, SealingDriver } from './driver.js';
import type { FileDriverOptions } from './file/file.driver.js';
import type { MemcachedDriverOptions } from './memcached/memcached.driver.js';
import type { MemoryDriverOptions } from './memory/memory.driver.js';
import type { RedisDriverOptions } from './redis/redis.driver.js';

/** A driver of either kind. */
export type AnyDriver = RecordDriver | SealingDriver;

/** Whether a driver keeps nothing and seals records into the cookie. */
export function isSealing(driver: AnyDriver): driver is SealingDriver {
  return 'seal' in driver;
}

/** The options of the drivers that come with the package, each under its name. */
export interface BuiltInOptions {
  readonly memory?: MemoryDriverOptions;
  readonly file?: FileDriverOptions;
  readonly database?: DatabaseDriverOptions;
  readonly redis?: RedisDriverOptions;
  readonly memcached?: MemcachedDriverOptions;
}

type Maker = (options: BuiltInOptions, context: DriverContext, keyring: Keyring) => Promise<AnyDriver>;

/** Each driver's code, and with it the client of its server, is loaded only by an application that names it. */
const MAKERS: Record<string, Maker> = {
  async memory({ memory = {} }, { clock }) {
    const { MemoryDriver } = await import('./memory/memory.driver.js');
    return new MemoryDriver(memory, clock);
  },
  async file({ file = {} }, { clock }) {
    const { FileDriver } = await import('./file/file.driver.js');
    return new FileDriver(file, clock);
  },
  async database({ database = {} }, context) {
    const { DatabaseDriver } = await import('./database/database.driver.js');
    return new DatabaseDriver(database, context);
  },
  async redis({ redis = {} }, context) {
    const { RedisDriver } = await import('./redis/redis.driver.js');
    return new RedisDriver(redis, context);
  },
  async memcached({ memcached = {} }, context) {
    const { MemcachedDriver } = await import('./memcached/memcached.driver.js');
    return new MemcachedDriver(memcached, context);
  },
  async stealth(_options, { clock }, keyring) {
    const { StealthDriver } = await import('./stealth/stealth.driver.js');
    return new StealthDriver(keyring, clock);
  },
};

/** The names of the drivers that come with the package. */
export const BUILT_IN_NAMES: readonly string[] = Object.keys(MAKERS);

/** Makes a driver that comes with the package; null for any other name. */
export async function makeBuiltIn(
  name: string,
  options: BuiltInOptions,
  context: DriverContext,
  keyring: Keyring,
): Promise<AnyDriver | null> {
  const make = Object.hasOwn(MAKERS, name) ? MAKERS[name] : undefined;
  return make === undefined ? null : make(options, context, keyring);
}
