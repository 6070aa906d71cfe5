import { randomUUID } from 'node:crypto';
import { Cluster } from 'ioredis';
import { RedisDriver } from '../../lib/drivers/redis/redis.driver.js';
import { describeWith, startRedisCluster } from '../servers/index.js';
import { describeRecordDriver, StoppedClock } from './conformance.js';

describeWith(['redis-cluster'], 'Redis Cluster', () => {
  describeRecordDriver('RedisDriver on a cluster', async () => {
    const servers = await startRedisCluster();
    const clock = new StoppedClock();
    const prefix = `${randomUUID()}:`;
    const clients: Cluster[] = [];
    const openDriver = async () => {
      const client = new Cluster([...servers.urls]);
      clients.push(client);
      const driver = new RedisDriver({ client, prefix }, { clock, storeTimeout: 60_000 });
      await driver.open();
      return driver;
    };
    const driver = await openDriver();
    return {
      driver,
      clock,
      openSecond: openDriver,
      corrupt: async (id) => {
        await clients[0]?.set(`${prefix}${id}`, 'no record');
      },
      close: async () => {
        await driver.close();
        for (const client of clients) client.disconnect();
        await servers.stop();
      },
    };
  });
});
