import type { Keyring } from '../crypto/keyring.js';
import type { BuiltInDriver } from '../options/option-table.js';
import type { SessionModuleOptions } from '../options/session.options.js';
import type { DriverContext } from './driver-context.js';
import type { AnyDriver, SealingDriver } from './driver.js';

/** A built-in sealing driver. Its tokens open in one place only. */
interface PlaceBoundDriver extends SealingDriver {
  boundTo(keyring: Keyring): SealingDriver;
}

/** Whether a built-in driver binds its tokens to the place where they travel. */
export function isPlaceBound(driver: SealingDriver): driver is PlaceBoundDriver {
  return 'boundTo' in driver;
}

type Maker = (options: SessionModuleOptions, context: DriverContext, keyring: Keyring) => Promise<AnyDriver>;

/**
 * Makes each built-in driver. A driver's code, and with it the client of its server, is loaded only by an
 * application that names it.
 *
 * A new driver needs a folder here with `<name>.driver.ts`, its maker below, `options/<name>.options.ts`, a
 * field of SessionModuleOptions and a row of `options/option-table.ts`; the compiler asks for the last three if
 * one of them is there. It also needs a spec in `test/conformance/` and a page in `docs/drivers/`;
 * `test/architecture.spec.ts` asks for all files.
 */
const MAKERS: Readonly<Record<BuiltInDriver, Maker>> = {
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
  async redis({ redis }, context) {
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

/** Whether a built-in driver has this name. */
export function isBuiltIn(name: string): name is BuiltInDriver {
  return Object.hasOwn(MAKERS, name);
}

/** The names of the built-in drivers. */
export const BUILT_IN_NAMES: readonly BuiltInDriver[] = Object.keys(MAKERS).filter(isBuiltIn);

/** Makes a built-in driver. */
export function makeBuiltIn(name: BuiltInDriver, ...given: Parameters<Maker>): Promise<AnyDriver> {
  return MAKERS[name](...given);
}
