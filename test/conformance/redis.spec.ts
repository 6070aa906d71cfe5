import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { RedisDriver } from '../../lib/drivers/redis/redis.driver.js';
import { describeWith, startRedis } from '../servers/index.js';
import { describeRecordDriver, StoppedClock } from './conformance.js';

describeWith(['redis'], 'Redis', () => {
  describeRecordDriver('RedisDriver', async () => {
    const server = await startRedis();
    const clock = new StoppedClock();
    const prefix = `${randomUUID()}:`;
    const openDriver = async () => {
      const driver = new RedisDriver({ url: server.url, prefix }, { clock, storeTimeout: 60_000 });
      await driver.open();
      return driver;
    };
    const driver = await openDriver();
    const opened = [driver];
    const admin = new Redis(server.url);
    return {
      driver,
      clock,
      openSecond: async () => {
        const second = await openDriver();
        opened.push(second);
        return second;
      },
      corrupt: async (id) => {
        await admin.set(`${prefix}${id}`, 'no record');
      },
      close: async () => {
        await Promise.all(opened.map((each) => each.close()));
        admin.disconnect();
        await server.stop();
      },
    };
  });
});
