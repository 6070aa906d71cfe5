import { AsyncLocalStorage } from 'node:async_hooks';
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
  /** Keyv 5: whether errors of its adapter are rethrown. */
  throwOnErrors?: boolean;
  /** Keyv 6: adds a listener. Emits `stat:error` for a call that failed. */
  on?(event: string, listener: () => void): unknown;
}

/**
 * Makes a driver of a Keyv, the key-value store of Nest's cache module, with any adapter. The application
 * creates and disconnects it. Give it its own namespace or database if it is shared with a cache: clearing the
 * cache, or evicting from it, would sign visitors out.
 *
 * It cannot compare and store in one step, so the limits of `connectStore` apply here as well. A call that fails
 * inside the Keyv fails here too, whether or not the Keyv has a listener for `error`: otherwise a failing store
 * would look like an empty one, and everybody would be signed out. For that it sets `throwOnErrors` of a Keyv 5.
 *
 * @param keyv version 5 or 6
 * @throws SessionConfigError if it is not such a Keyv
 * @example
 * SessionModule.forRoot({
 *   secret,
 *   driver: 'keyv',
 *   drivers: { keyv: { useFactory: () => keyvStore(new Keyv(new KeyvRedis(url), { namespace: 'sessions' })) } },
 * })
 */
export function keyvStore(keyv: KeyvStore): RecordDriver {
  const call = callsOf(keyv);
  return new PlainStoreDriver(
    {
      get: (name) => unlessLost(() => call(() => keyv.get(name))),
      async set(name, kept, expiresAt) {
        const ttl = expiresAt - systemClock.now();
        const isStored = await unlessLost(() => call(() => keyv.set(name, kept, ttl)));
        if (isStored === false) throw new Error('Keyv has stored nothing.');
      },
      async remove(name) {
        await unlessLost(() => call(() => keyv.delete(name)));
      },
    },
    keyv,
    'a Keyv',
  );
}

/** A function that calls a Keyv, and rejects if the call fails inside it. */
type Calls = <T>(work: () => Promise<T>) => Promise<T>;

/** @throws SessionConfigError if it is not a Keyv of a version that tells about failures */
function callsOf(keyv: KeyvStore): Calls {
  if (hasFunctions(keyv, 'get', 'set', 'delete')) {
    if ('throwOnErrors' in keyv) {
      keyv.throwOnErrors = true;
      return async (work) => work();
    }
    if (hasFunctions(keyv, 'emitTelemetry')) return callsOfKeyv6(keyv);
  }
  throw new SessionConfigError(
    `keyvStore got ${shown(keyv)}; it takes a Keyv of version 5 or 6, such as new Keyv(new KeyvRedis(url)). ` +
      "The cache of Nest's cache module is none; it holds some, as its stores.",
  );
}

/**
 * If a Keyv 6 has a listener for `error`, a failed call resolves as if there were nothing. It then emits
 * `stat:error`, in the async context of the call.
 */
function callsOfKeyv6(keyv: KeyvStore): Calls {
  const calls = new AsyncLocalStorage<{ hasFailed: boolean }>();
  keyv.on?.('stat:error', () => {
    const call = calls.getStore();
    if (call !== undefined) call.hasFailed = true;
  });
  return async (work) => {
    const call = { hasFailed: false };
    const result = await calls.run(call, work);
    if (call.hasFailed) throw new Error('A call of Keyv failed; its listeners to "error" know why.');
    return result;
  };
}
