import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
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
  /** Its adapter. One that emits events emits `error` for a call that failed. */
  readonly store?: unknown;
}

/**
 * Makes a driver of a Keyv, the key-value store of Nest's cache module, with any adapter. The application
 * creates and disconnects it. Give it its own namespace or database if it is shared with a cache: clearing the
 * cache, or evicting from it, would sign visitors out.
 *
 * It cannot compare and store in one step, so the limits of `connectStore` apply here as well. A call that fails
 * inside the Keyv or its adapter fails here too, whether or not the Keyv has a listener for `error`: otherwise a
 * failing store would look like an empty one, and everybody would be signed out. For that it sets `throwOnErrors`
 * of a Keyv 5.
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
  assertKeyv(keyv);
  if (!heard.has(keyv)) listenTo(keyv);
  heard.add(keyv);
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

/** @throws SessionConfigError if it is not a Keyv of a version that tells about failures */
function assertKeyv(keyv: KeyvStore): void {
  const isKeyv = hasFunctions(keyv, 'get', 'set', 'delete');
  if (isKeyv && ('throwOnErrors' in keyv || hasFunctions(keyv, 'emitTelemetry'))) return;
  throw new SessionConfigError(
    `keyvStore got ${shown(keyv)}; it takes a Keyv of version 5 or 6, such as new Keyv(new KeyvRedis(url)). ` +
      "The cache of Nest's cache module is none; it holds some, as its stores.",
  );
}

/** The call of a Keyv that the running code belongs to. */
const calls = new AsyncLocalStorage<{ failure: Error | null }>();

/** The Keyvs whose failures are noted: a driver may be made of the same Keyv for each request. */
const heard = new WeakSet<KeyvStore>();

/**
 * Has the calls of a Keyv fail that would resolve as if there were nothing: in a Keyv 5 those whose adapter throws,
 * in a Keyv 6 the same if it has a listener for `error`, and in both those whose adapter only emits `error`, as
 * that of Redis does. They emit their events in the async context of the call.
 */
function listenTo(keyv: KeyvStore): void {
  const failed = (error?: unknown): void => {
    const called = calls.getStore();
    if (called === undefined) return;
    if (error instanceof Error) called.failure = error;
    else called.failure ??= new Error('A call of Keyv failed; its listeners to "error" know why.');
  };
  if ('throwOnErrors' in keyv) keyv.throwOnErrors = true;
  else keyv.on?.('stat:error', () => failed());
  const { store } = keyv;
  if (isEmitter(store)) store.on('error', failed);
}

function isEmitter(store: unknown): store is Pick<EventEmitter, 'on'> {
  return hasFunctions(store, 'on');
}

async function call<T>(work: () => Promise<T>): Promise<T> {
  const called: { failure: Error | null } = { failure: null };
  const result = await calls.run(called, work);
  if (called.failure !== null) throw called.failure;
  return result;
}
