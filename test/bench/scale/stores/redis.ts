import { Redis } from 'ioredis';
import { RedisDriver } from '../../../../lib/drivers/redis/redis.driver.js';
import type { OpenStore } from '../store.js';
import { contextOf } from './context.js';

export const openRedis: OpenStore = async (place) => {
  const client = new Redis(place.redisUrl);
  const driver = new RedisDriver({ client, prefix: 'scale:' }, contextOf(place));
  await driver.open();
  const used = async (): Promise<number> =>
    Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
  const empty = await used();
  return {
    driver,
    fillWidth: 256,
    size: async () => (await used()) - empty,
    close: async () => {
      await driver.close();
      await client.quit();
    },
  };
};
