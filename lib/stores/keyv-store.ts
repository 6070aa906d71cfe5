import { systemClock } from '../drivers/clock.js';
import type { RecordDriver } from '../drivers/driver.js';
import { unlessLost } from './lost-call.js';
import { hasFunctions, shown } from '../options/read-option.js';
import { SessionConfigError } from '../session.errors.js';
import { PlainStoreDriver } from './plain-store.driver.js';

/**
 * The part of a Keyv that is used here.
 *
 * @example
 * const keyv: KeyvStore = new Keyv(new KeyvRedis(url), { namespace: 'sessions' });
 * const driver = keyvStore(keyv);
 */
export interface KeyvStore {
  /** The value stored under a key. */
  get(key: string): Promise<unknown>;
  /** Stores a value. @param ttl in ms */
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
  /** Removes a value. */
  delete(key: string): Promise<unknown>;
  /** Whether errors of its adapter are rethrown. */
  throwOnErrors?: boolean;
}

/**
 * Makes a driver of a Keyv, the key-value store of Nest's cache module, with any adapter. The application
 * creates and disconnects it. Give it its own namespace or database if it is shared with a cache: clearing the
 * cache, or evicting from it, would sign visitors out.
 *
 * It cannot compare and store in one step, so the limits of `connectStore` apply here as well. Sets
 * `throwOnErrors` of the Keyv: without it a failing store would look like an empty one, and everybody would be
 * signed out.
 *
 * @param keyv version 5 or later
 * @throws SessionConfigError if it is not such a Keyv
 * @example
 * SessionModule.forRoot({
 *   secret,
 *   driver: 'keyv',
 *   drivers: { keyv: { useFactory: () => keyvStore(new Keyv(new KeyvRedis(url), { namespace: 'sessions' })) } },
 * })
 */
export function keyvStore(keyv: KeyvStore): RecordDriver {
  if (!hasFunctions(keyv, 'get', 'set', 'delete') || !('throwOnErrors' in keyv)) {
    throw new SessionConfigError(
      `keyvStore got ${shown(keyv)}; it takes a Keyv of version 5 or later, such as new Keyv(new KeyvRedis(url)). ` +
        "The cache of Nest's cache module is none; it holds some, as its stores.",
    );
  }
  keyv.throwOnErrors = true;
  return new PlainStoreDriver(
    {
      get: (name) => unlessLost(async () => keyv.get(name)),
      async set(name, kept, expiresAt) {
        const isStored = await unlessLost(async () => keyv.set(name, kept, expiresAt - systemClock.now()));
        if (isStored === false) throw new Error('Keyv has stored nothing.');
      },
      async remove(name) {
        await unlessLost(async () => keyv.delete(name));
      },
    },
    keyv,
    'a Keyv',
  );
}
