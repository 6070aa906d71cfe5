import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster, Redis } from 'ioredis';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RecordDriver, SessionRecord } from '../../../lib/drivers/driver.js';
import { FileDriver } from '../../../lib/drivers/file/file.driver.js';
import { DatabaseDriver } from '../../../lib/drivers/database/database.driver.js';
import { SessionEntity } from '../../../lib/drivers/database/session.entity.js';
import {
  describeWith,
  startMemcachedProcess,
  startPostgres,
  startRedisCluster,
  startRedisProcess,
  type TestServer,
} from '../../servers/index.js';
import { GuardLog, guarded } from '../../support/guarded.js';
import { contextWith, recordWith } from '../database/records.js';
import { createDatabase, describeOnEachDatabase } from '../database/test-databases.js';
import { openDriver as openMemcached } from '../memcached/memcached-fixture.js';
import { openDriver as openRedis } from '../redis/redis-fixture.js';
import { useStoreFolders } from '../file/store-folder.js';

const SECRET = 'secret-payload';

const lasting = (changes: Partial<SessionRecord>): SessionRecord =>
  recordWith({ expiresAt: Date.now() + 3_600_000, ...changes });

/** The log line when a session cannot be stored. */
async function saidOf(driver: RecordDriver): Promise<string> {
  const log = new GuardLog();
  await expect(
    guarded(driver, 5_000, log).write('secret-id', lasting({ payload: SECRET.repeat(1_000) })),
  ).rejects.toMatchObject({ name: 'SessionStoreError' });
  expect(log.lines).toHaveLength(1);
  const [line = ''] = log.lines;
  expect(line).not.toContain('secret');
  return line;
}

describeWith(
  ['redis'],
  'the log of a Redis that refuses',
  () => {
    async function start(settings: Record<string, string> = {}): Promise<TestServer> {
      const server = await startRedisProcess({ settings });
      onTestFinished(() => server.stop());
      return server;
    }

    it('says that it is full', async () => {
      // Below what an empty server needs, so it stays full whatever buffers it frees.
      const server = await start({ maxmemory: '100kb', 'maxmemory-policy': 'noeviction' });
      expect(await saidOf(await openRedis({ url: server.url }))).toContain('failed (OOM).');
    });

    it('says that it is a replica', async () => {
      const server = await start();
      const driver = await openRedis({ url: server.url });
      const client = new Redis(server.url);
      onTestFinished(() => client.disconnect());
      await client.replicaof('127.0.0.1', 1);
      expect(await saidOf(driver)).toContain('failed (READONLY).');
    });

    it('says that a password is missing, or wrong', async () => {
      const server = await start();
      const client = new Redis(server.url);
      await client.config('SET', 'requirepass', 'secret-password');
      client.disconnect();
      expect(await saidOf(await openRedis({ url: server.url }))).toContain('failed (NOAUTH).');
      const { host, port } = server;
      const driver = await openRedis({ host, port, password: 'another secret' });
      expect(await saidOf(driver)).toContain('failed (WRONGPASS).');
    });

    it('says that it cannot write its own disk', async () => {
      const server = await start({ save: '3600 1' });
      const client = new Redis(server.url);
      onTestFinished(() => client.disconnect());
      // Its dump cannot be saved: a folder of the same name is in the way.
      const setting = async (name: string): Promise<string> =>
        [await client.config('GET', name)].flat().map(String).at(-1) ?? '';
      await mkdir(join(await setting('dir'), await setting('dbfilename')));
      await client.bgsave();
      await vi.waitFor(async () => expect(await client.info('persistence')).toContain('bgsave_status:err'), {
        timeout: 500_000,
      });
      expect(await saidOf(await openRedis({ url: server.url }))).toContain('failed (MISCONF).');
    });

    it('says that its cluster serves no slots', async () => {
      const server = await start({ 'cluster-enabled': 'yes' });
      expect(await saidOf(await openRedis({ url: server.url }))).toContain('failed (CLUSTERDOWN).');
    });

    it('says that permissions are missing, for keys and for commands in a script', async () => {
      const server = await start();
      const client = new Redis(server.url);
      onTestFinished(() => client.disconnect());
      await client.call('acl', 'setuser', 'default', 'resetkeys', '~elsewhere:*');
      expect(await saidOf(await openRedis({ url: server.url }))).toContain('failed (NOPERM).');
      await client.call('acl', 'setuser', 'default', 'allkeys', '-@write');
      expect(await saidOf(await openRedis({ url: server.url }))).toContain('failed (NOPERM).');
    });
  },
  { controlsServer: true },
);

describeWith(
  ['redis-cluster'],
  'the log of a Redis Cluster',
  () => {
    it.each(['is gone', 'hangs'])(
      'does not alternate between failing and back when one node %s',
      async (trouble) => {
        const servers = await startRedisCluster();
        onTestFinished(() => servers.stop());
        const [node] = servers.nodes;
        for (const { url } of servers.nodes) {
          const admin = new Redis(url);
          await admin.config('SET', 'cluster-require-full-coverage', 'no');
          admin.disconnect();
        }
        const client = new Cluster([...servers.urls], {
          redisOptions: { maxRetriesPerRequest: 0, disconnectTimeout: 20 },
          retryDelayOnClusterDown: 20,
          maxRedirections: 2,
        });
        client.on('error', () => undefined);
        onTestFinished(() => client.disconnect());
        await vi.waitFor(() => expect(client.status).toBe('ready'), 500_000);
        const log = new GuardLog();
        const driver = guarded(await openRedis({ client }), 2_000, log);
        const ids = Array.from({ length: 30 }, (_, index) => `id-${index}`);
        const round = async (): Promise<number> => {
          const outcomes = await Promise.allSettled(ids.map((id) => driver.read(id)));
          return outcomes.filter(({ status }) => status === 'rejected').length;
        };
        await vi.waitFor(async () => expect(await round()).toBe(0), 500_000);
        log.lines.length = 0;
        if (trouble === 'is gone') await node?.kill();
        else node?.pause();
        for (let rounds = 0; rounds < 5; rounds += 1) {
          const failed = await round();
          expect(failed).toBeGreaterThan(0);
          expect(failed).toBeLessThan(ids.length);
        }
        expect(log.lines).toHaveLength(1);
        if (trouble === 'is gone') await node?.restart();
        else node?.resume();
        await vi.waitFor(async () => expect(await round()).toBe(0), 500_000);
        expect(log.lines.slice(1)).toEqual(['The session store "test" is back.']);
      },
    );
  },
  { controlsServer: true },
);

describeWith(
  ['memcached'],
  'the log of a memcached that refuses',
  () => {
    it('says that it is full', async () => {
      const server = await startMemcachedProcess({ args: ['-M', '-m', '2'] });
      onTestFinished(() => server.stop());
      const driver = await openMemcached({ servers: server.url });
      const fill = async (): Promise<void> => {
        for (let item = 0; item < 500; item += 1)
          await driver.write(`filler-${item}`, lasting({ payload: SECRET.repeat(1_000) }));
      };
      await expect(fill()).rejects.toThrow('SERVER_ERROR');
      expect(await saidOf(driver)).toContain('failed (SERVER_ERROR out of memory).');
    });
  },
  { controlsServer: true },
);

describeOnEachDatabase('the log of a database that refuses', (type) => {
  async function open(changes: Partial<DataSourceOptions> = {}): Promise<DataSource> {
    const database = await createDatabase(type);
    const source = new DataSource(
      Object.assign({ synchronize: true }, database.options, { entities: [SessionEntity] }, changes),
    );
    onTestFinished(async () => {
      await source.destroy();
      await database.drop();
    });
    return source.initialize();
  }

  it('says that the database is read-only', async () => {
    const source = await open();
    const says = {
      postgres: '25006',
      mariadb: 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, SQLSTATE 25006',
      'better-sqlite3': 'SQLITE_READONLY',
    }[type];
    const makeReadonly = {
      postgres: 'SET default_transaction_read_only = on',
      mariadb: 'SET SESSION TRANSACTION READ ONLY',
      'better-sqlite3': 'PRAGMA query_only = on',
    }[type];
    // On the only connection that the pool has opened.
    await source.query(makeReadonly);
    const driver = new DatabaseDriver({ dataSource: source }, contextWith({ storeTimeout: 5_000 }));
    expect(await saidOf(driver)).toContain(`failed (${says}).`);
  });

  it('says that its table is missing', async () => {
    const source = await open({ synchronize: false });
    const driver = new DatabaseDriver({ dataSource: source }, contextWith({ storeTimeout: 5_000 }));
    expect(await saidOf(driver)).toContain("The table 'sessions'");
  });
});

describeWith(
  ['postgres'],
  'the log of a PostgreSQL that lets nobody in',
  () => {
    /** A driver that has worked as a role with a password, and whose connections are gone. */
    async function begin() {
      const server = await startPostgres();
      onTestFinished(() => server.stop());
      const admin = await new DataSource({ type: 'postgres', url: server.url }).initialize();
      onTestFinished(() => admin.destroy());
      await admin.query(`CREATE ROLE ann LOGIN PASSWORD 'secret-password'`);
      await admin.query('CREATE DATABASE shop OWNER ann');
      const [{ hba_file: rules }] = await admin.query<[{ hba_file: string }]>('SHOW hba_file');
      await writeFile(rules, 'host all ann all scram-sha-256\nhost all all all trust\n');
      await admin.query('SELECT pg_reload_conf()');
      const url = new URL(server.url);
      Object.assign(url, { username: 'ann', password: 'secret-password', pathname: '/shop' });
      const source = await new DataSource({
        type: 'postgres',
        url: url.href,
        entities: [SessionEntity],
        synchronize: true,
      }).initialize();
      onTestFinished(() => source.destroy());
      const driver = new DatabaseDriver({ dataSource: source }, contextWith({ storeTimeout: 60_000 }));
      await driver.write('id', lasting({ version: 1 }));
      const shutOut = async (change: string): Promise<void> => {
        await admin.query(change);
        const left = `FROM pg_stat_activity WHERE usename = 'ann'`;
        await admin.query(`SELECT pg_terminate_backend(pid) ${left}`);
        await vi.waitFor(async () => expect(await admin.query(`SELECT pid ${left}`)).toEqual([]), 500_000);
        // The pool has noticed too.
        await vi.waitFor(async () => {
          const failure: unknown = await source.query('SELECT 1').catch((error: unknown) => error);
          expect(failure).toMatchObject({ severity: 'FATAL', code: expect.not.stringMatching('57P01') });
        }, 500_000);
      };
      return { driver, server, shutOut };
    }

    it.each([
      ['the password is wrong', `ALTER ROLE ann PASSWORD 'another'`, '28P01'],
      ['it has too many connections', 'ALTER ROLE ann CONNECTION LIMIT 0', '53300'],
    ])('says that %s, and reveals neither password nor address', async (_what, change, state) => {
      const { driver, server, shutOut } = await begin();
      await shutOut(change);
      const line = await saidOf(driver);
      expect(line).toContain(`failed (${state}).`);
      for (const secret of ['ann', 'another', server.host, String(server.port)])
        expect(line).not.toContain(secret);
    });
  },
  { controlsServer: true },
);

describe('the log of a folder that refuses', () => {
  const makeFolder = useStoreFolders();

  async function mounted(options: string): Promise<string> {
    const location = await mkdtemp(join(tmpdir(), 'session-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', location]);
    onTestFinished(async () => {
      execFileSync('umount', ['--lazy', location]);
      await rmdir(location);
    });
    return location;
  }

  const mayMount = process.platform === 'linux' && process.getuid?.() === 0 && canMount();

  it.runIf(mayMount)('says that the disk is full rather than what followed from it', async () => {
    const location = await mounted('size=64k');
    await writeFile(join(location, 'filler'), Buffer.alloc(64 * 1_024)).catch(() => undefined);
    const driver = new FileDriver({ location });
    await driver.open();
    expect(await saidOf(driver)).toContain('failed (ENOSPC).');
  });

  it.runIf(mayMount)('says that the disk has no inodes left', async () => {
    const location = await mounted('size=1m,nr_inodes=2');
    const driver = new FileDriver({ location });
    await driver.open();
    await driver.read('nobody');
    expect(await saidOf(driver)).toContain('failed (ENOSPC).');
  });

  it.runIf(mayMount)('says that the disk is read-only', async () => {
    const location = await mounted('size=1m');
    const driver = new FileDriver({ location });
    await driver.open();
    execFileSync('mount', ['-o', 'remount,ro', location]);
    expect(await saidOf(driver)).toContain('failed (EROFS).');
  });

  it('says that the folder has been replaced by a file', async () => {
    const location = join(await makeFolder(), 'a-file');
    await writeFile(location, '');
    expect(await saidOf(new FileDriver({ location }))).toContain('failed (ENOTDIR).');
  });
});

/** Root in a container often may not mount. */
function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
