import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { describeWith, findProgram, startRedisProcess, type TestServer } from '../../servers/index.js';
import { ask } from '../../servers/ask.js';
import { startServer } from '../../servers/test-server.js';
import { untilItWorks } from '../time-of-calls.js';
import { openDriver, sampleRecord } from './redis-fixture.js';

async function startSentinel(master: TestServer): Promise<TestServer> {
  const program = findProgram('redis-server', 'valkey-server');
  if (program === null) throw new Error('No redis-server on this machine');
  const settings = [
    `sentinel monitor sessions ${master.host} ${master.port} 1`,
    'sentinel down-after-milliseconds sessions 500',
    'sentinel failover-timeout sessions 5000',
  ];
  const sentinel = await startServer({
    name: 'redis',
    program,
    prepare: ({ folder, host, port }) =>
      writeFile(join(folder, 'sentinel.conf'), [`port ${port}`, `bind ${host}`, ...settings, ''].join('\n')),
    args: ({ folder }) => [join(folder, 'sentinel.conf'), '--sentinel'],
    url: ({ host, port }) => `redis://${host}:${port}`,
    probe: ({ host, port }) => ask(host, port, 'PING', '+PONG'),
  });
  onTestFinished(() => sentinel.stop());
  return sentinel;
}

async function start(settings: Record<string, string> = {}): Promise<TestServer> {
  const server = await startRedisProcess({ settings });
  onTestFinished(() => server.stop());
  return server;
}

describeWith(
  ['redis'],
  'the redis driver behind sentinels',
  () => {
    it('finds the master, and the next one after a failover', async () => {
      const master = await start();
      const replica = await start({ replicaof: `${master.host} ${master.port}` });
      const { host, port } = await startSentinel(master);
      const driver = await openDriver({ sentinels: [{ host, port }], name: 'sessions' });
      const record = sampleRecord();
      expect(await driver.write('id', record)).toBe(true);
      // The replica has the record, and the sentinel knows the replica.
      await untilItWorks(() => ask(replica.host, replica.port, 'EXISTS session:id', ':1'));
      await untilItWorks(() => ask(host, port, 'SENTINEL replicas sessions', '*1'));
      await master.kill();
      await untilItWorks(() => driver.write('other', sampleRecord()));
      expect(await driver.read('id')).toEqual(record);
    });
  },
  { controlsServer: true },
);
