import { existsSync } from 'node:fs';
import { Cluster, Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { ask } from './ask.js';
import {
  describeWith,
  sharedServer,
  startMariadb,
  startMemcached,
  startPostgres,
  startRedis,
  startRedisCluster,
  type TestServer,
} from './index.js';

function stopAfterwards<T extends { stop(): Promise<void> }>(server: T): T {
  onTestFinished(() => server.stop());
  return server;
}

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/** Whether `work` succeeds within the limit: short where no answer is expected, long where one must come. */
async function answers(work: () => Promise<unknown>, limitMs = 200): Promise<boolean> {
  return Promise.race([
    work().then(
      () => true,
      () => false,
    ),
    new Promise<boolean>((resolve) => {
      setTimeout(resolve, limitMs, false);
    }),
  ]);
}

const postgresQuery = async ({ url }: Pick<TestServer, 'url'>, sql: string): Promise<unknown[]> => {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};

const mariadbQuery = async ({ url }: Pick<TestServer, 'url'>, sql: string): Promise<unknown> => {
  const connection = await createConnection(url);
  try {
    return (await connection.query(sql))[0];
  } finally {
    connection.destroy();
  }
};

describeWith(
  ['redis'],
  'a Redis for tests',
  () => {
    it('keeps its data when it is killed and restarted, and leaves no process behind when it is stopped', async () => {
      const server = stopAfterwards(await startRedis());
      const client = new Redis(server.url);
      onTestFinished(() => client.disconnect());
      await client.set('a', '1');
      await server.kill();
      expect(await answers(() => ask(server.host, server.port, 'PING', '+PONG'))).toBe(false);
      await server.restart();
      expect(await client.get('a')).toBe('1');
      const { pid } = server;
      await server.stop();
      expect(isRunning(pid)).toBe(false);
    });

    it('stops answering while it is paused', async () => {
      const server = stopAfterwards(await startRedis());
      const ping = () => ask(server.host, server.port, 'PING', '+PONG');
      server.pause();
      expect(await answers(ping)).toBe(false);
      server.resume();
      expect(await answers(ping, 120_000)).toBe(true);
    });
  },
  { controlsServer: true },
);

describeWith(
  ['redis-cluster'],
  'a Redis Cluster for tests',
  () => {
    it('spreads keys over three nodes, and recovers after a restart', async () => {
      const cluster = stopAfterwards(await startRedisCluster());
      const client = new Cluster([...cluster.urls]);
      onTestFinished(() => client.disconnect());
      const keys = Array.from({ length: 30 }, (_, index) => `key-${index}`);
      await Promise.all(keys.map((key) => client.set(key, key)));
      const sizes = await Promise.all(client.nodes('master').map((node) => node.dbsize()));
      expect(sizes).toHaveLength(3);
      expect(Math.min(...sizes)).toBeGreaterThan(0);
      await cluster.restart();
      expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys);
    });
  },
  { controlsServer: true },
);

describeWith(
  ['memcached'],
  'a memcached for tests',
  () => {
    it('answers, pauses, and comes back on the same port', async () => {
      const server = stopAfterwards(await startMemcached());
      const version = () => ask(server.host, server.port, 'version', 'VERSION');
      server.pause();
      expect(await answers(version)).toBe(false);
      server.resume();
      await server.kill();
      expect(await answers(version)).toBe(false);
      await server.restart();
      expect(await answers(version, 120_000)).toBe(true);
    });
  },
  { controlsServer: true },
);

describeWith(
  ['postgres'],
  'a PostgreSQL for tests',
  () => {
    it('keeps its data when it is killed and restarted', async () => {
      const server = stopAfterwards(await startPostgres());
      await postgresQuery(server, 'CREATE TABLE t AS SELECT 1 AS a');
      await server.kill();
      expect(await answers(() => postgresQuery(server, 'SELECT 1'))).toBe(false);
      await server.restart();
      expect(await postgresQuery(server, 'SELECT a FROM t')).toEqual([{ a: 1 }]);
    });

    it('pauses open connections too', async () => {
      const server = stopAfterwards(await startPostgres());
      const client = new Client({ connectionString: server.url });
      client.on('error', () => undefined);
      await client.connect();
      server.pause();
      const query = client.query('SELECT 1 AS a');
      expect(await answers(() => query)).toBe(false);
      server.resume();
      expect((await query).rows).toEqual([{ a: 1 }]);
      await client.end();
    });
  },
  { controlsServer: true },
);

describeWith(
  ['mariadb'],
  'a MariaDB for tests',
  () => {
    it('keeps its data when it is killed and restarted', async () => {
      const server = stopAfterwards(await startMariadb());
      await mariadbQuery(server, 'CREATE TABLE t AS SELECT 1 AS a');
      await server.kill();
      expect(await answers(() => mariadbQuery(server, 'SELECT 1'))).toBe(false);
      await server.restart();
      expect(await mariadbQuery(server, 'SELECT a FROM t')).toEqual([{ a: 1 }]);
    });
  },
  { controlsServer: true },
);

describeWith(['postgres'], 'a shared server', () => {
  it('is the same for everybody who asks', async () => {
    const [first, second] = await Promise.all([sharedServer('postgres'), sharedServer('postgres')]);
    expect(first.url).toBe(second.url);
    expect(await postgresQuery(first, 'SELECT 1 AS a')).toEqual([{ a: 1 }]);
  });
});

describeWith(
  ['memcached'],
  'the end of a server',
  () => {
    it('removes its folder, and can happen twice', async () => {
      const server = await startMemcached();
      expect(existsSync(server.folder)).toBe(true);
      await server.stop();
      await server.stop();
      expect(existsSync(server.folder)).toBe(false);
    });
  },
  { controlsServer: true },
);
