import { randomUUID } from 'node:crypto';
import { MemcacheClient } from 'memcache-client';
import { MemcachedDriver } from '../../lib/drivers/memcached/memcached.driver.js';
import { describeWith, startMemcached, startMemcachedProcess } from '../servers/index.js';
import { describeRecordDriver, StoppedClock } from './conformance.js';

describeWith(['memcached'], 'memcached', () => {
  describeRecordDriver('MemcachedDriver', async () => {
    const server = await startMemcached();
    const clock = new StoppedClock();
    const prefix = `${randomUUID()}:`;
    const address = `${server.host}:${server.port}`;
    const openDriver = async () => {
      const driver = new MemcachedDriver({ servers: address, prefix }, { clock, storeTimeout: 60_000 });
      await driver.open();
      return driver;
    };
    const driver = await openDriver();
    const opened = [driver];
    const admin = new MemcacheClient({ server: address });
    return {
      driver,
      clock,
      maxPayloadBytes: 1_048_000,
      openSecond: async () => {
        const second = await openDriver();
        opened.push(second);
        return second;
      },
      corrupt: async (id) => {
        await admin.set(`${prefix}${id}`, 'no record', { lifetime: 60 });
      },
      close: async () => {
        await Promise.all(opened.map((each) => each.close()));
        admin.shutdown();
        await server.stop();
      },
    };
  });
});

describeWith(
  ['memcached'],
  'several memcached servers',
  () => {
    describeRecordDriver('MemcachedDriver on three servers', async () => {
      const servers = await Promise.all([1, 2, 3].map(() => startMemcachedProcess()));
      const clock = new StoppedClock();
      const driver = new MemcachedDriver(
        { servers: servers.map(({ url }) => url) },
        { clock, storeTimeout: 60_000 },
      );
      await driver.open();
      return {
        driver,
        clock,
        close: async () => {
          await driver.close();
          await Promise.all(servers.map((server) => server.stop()));
        },
      };
    });
  },
  { controlsServer: true },
);
