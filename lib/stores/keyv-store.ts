import { systemClock } from '../drivers/clock.js';
import type { RecordDriver } from '../drivers/driver.js';
import { withCallTimeout } from './call-timeout.js';
import { hasFunctions, shown } from '../options/read-option.js';
import { SessionConfigError } from '../session.errors.js';
import { PlainStoreDriver } from './plain-store.driver.js';

/** A Keyv, as far as it is needed here. */
export interface KeyvStore {
  /** What is kept under a key. */
  get(key: string): Promise<unknown>;
  /** Keeps something. @param ttl in ms */
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
  /** Removes something. */
  delete(key: string): Promise<unknown>;
  /** Whether what its adapter throws is thrown on. */
  throwOnErrors?: boolean;
}

/**
 * Makes a driver of a Keyv, the key-value store of Nest's cache module, with whatever adapter. The application makes it, and
 * disconnects it. Give it a namespace or a database of its own where it is shared with a cache: what clears a cache, or evicts
 * from it, would sign visitors out.
 *
 * It cannot compare and store in one step: what `connectStore` says of its stores holds here as well. `throwOnErrors` of the Keyv
 * is set: without it a store that fails would look like an empty one, and everybody signed out.
 *
 * @param keyv of version 5 or later
 * @throws SessionConfigError where it is none
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
      get: (name) => withCallTimeout(async () => keyv.get(name)),
      async set(name, kept, expiresAt) {
        const isStored = await withCallTimeout(async () =>
          keyv.set(name, kept, expiresAt - systemClock.now()),
        );
        if (isStored === false) throw new Error('Keyv has stored nothing.');
      },
      async remove(name) {
        await withCallTimeout(async () => keyv.delete(name));
      },
    },
    keyv,
    'a Keyv',
  );
}
