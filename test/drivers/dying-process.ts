import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { Redis } from 'ioredis';
import { systemClock } from '../../lib/drivers/clock.js';
import type { RecordDriver } from '../../lib/drivers/driver.js';
import { FileDriver } from '../../lib/drivers/file/file.driver.js';
import { RedisDriver } from '../../lib/drivers/redis/redis.driver.js';
import type { RedisClient } from '../../lib/options/redis.options.js';
import { sampleRecord } from '../../lib/conformance/record-samples.js';

/** The orders of a process that will kill itself. */
export interface DyingOrder {
  readonly store: { readonly location: string } | { readonly url: string; readonly prefix: string };
  /** Two sessions that no other process uses. */
  readonly ids: readonly [string, string];
  /** The step after which the process dies: a command that Redis has answered, or a change to the file system. */
  readonly lastStep: number;
}

/** The functions that create, delete and change files. Others make and remove folders, which no list depends on. */
const CHANGES = ['rename', 'rm', 'unlink', 'writeFile'] as const;

let stepsLeft = Infinity;

async function step<T>(taken: Promise<T>): Promise<T> {
  try {
    return await taken;
  } finally {
    stepsLeft -= 1;
    if (stepsLeft === 0) process.kill(process.pid, 'SIGKILL');
  }
}

async function onFiles(location: string): Promise<RecordDriver> {
  const driver = new FileDriver({ location });
  await driver.open();
  for (const name of CHANGES) {
    const change: (...given: never[]) => Promise<unknown> = promises[name];
    Object.defineProperty(promises, name, { value: (...given: never[]) => step(change(...given)) });
  }
  syncBuiltinESMExports();
  return driver;
}

async function onRedis(url: string, prefix: string): Promise<[RecordDriver, Redis]> {
  const ioredis = await import('ioredis');
  const redis = new ioredis.Redis(url);
  const client: RedisClient = {
    get status() {
      return redis.status;
    },
    get: (key) => step(redis.get(key)),
    del: (key) => step(redis.del(key)),
    eval: (...given) => step(redis.eval(...given)),
    evalsha: (...given) => step(redis.evalsha(...given)),
  };
  return [new RedisDriver({ client, prefix }, { clock: systemClock, storeTimeout: 60_000 }), redis];
}

/** A sign-in, a renewal, a change of user, a move to another id, and the end. */
async function live(driver: RecordDriver, [id, next]: DyingOrder['ids']): Promise<void> {
  const record = sampleRecord(Date.now(), { userId: 'ann' });
  const later = record.expiresAt + 3_600_000;
  await driver.write(id, record);
  await driver.touch(id, later);
  const ofBob = { ...record, userId: 'bob', expiresAt: later };
  await driver.write(id, { ...ofBob, version: 2 });
  await driver.write(next, ofBob);
  await driver.write(id, { ...ofBob, version: 3 });
  await driver.destroyVersion?.(next, 1);
}

async function run({ store, ids, lastStep }: DyingOrder): Promise<void> {
  const [driver, redis] =
    'location' in store ? [await onFiles(store.location)] : await onRedis(store.url, store.prefix);
  stepsLeft = lastStep;
  await live(driver, ids);
  redis?.disconnect();
  process.disconnect();
}

process.once('message', (order: DyingOrder) => {
  run(order).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
