import type { Keyring } from '../crypto/keyring.js';
import type { DriverContext } from './driver-context.js';
import type { RecordDriver, SealingDriver } from './driver.js';

/** A driver of either kind. */
export type AnyDriver = RecordDriver | SealingDriver;

/** Whether a driver keeps nothing and seals records into the cookie. */
export function isSealing(driver: AnyDriver): driver is SealingDriver {
  return 'seal' in driver;
}

type Maker = (config: object, context: DriverContext, keyring: Keyring) => Promise<AnyDriver>;

/** Each driver's code, and with it the client of its server, is loaded only by an application that names it. */
const MAKERS: Record<string, Maker> = {
  async memory(config, { clock }) {
    const { MemoryDriver } = await import('./memory/memory.driver.js');
    return new MemoryDriver(config, clock);
  },
  async file(config, { clock }) {
    const { FileDriver } = await import('./file/file.driver.js');
    return new FileDriver(config, clock);
  },
  async database(config, context) {
    const { DatabaseDriver } = await import('./database/database.driver.js');
    return new DatabaseDriver(config, context);
  },
  async redis(config, context) {
    const { RedisDriver } = await import('./redis/redis.driver.js');
    return new RedisDriver(config, context);
  },
  async memcached(config, context) {
    const { MemcachedDriver } = await import('./memcached/memcached.driver.js');
    return new MemcachedDriver(config, context);
  },
  async stealth(_config, { clock }, keyring) {
    const { StealthDriver } = await import('./stealth/stealth.driver.js');
    return new StealthDriver(keyring, clock);
  },
};

/** The names of the drivers that come with the package. */
export const BUILT_IN_NAMES: readonly string[] = Object.keys(MAKERS);

/** Makes a driver that comes with the package; null for any other name. */
export async function makeBuiltIn(
  name: string,
  config: object,
  context: DriverContext,
  keyring: Keyring,
): Promise<AnyDriver | null> {
  const make = Object.hasOwn(MAKERS, name) ? MAKERS[name] : undefined;
  return make === undefined ? null : make(config, context, keyring);
}
