import { connect } from 'node:net';
import { Redis, ReplyError } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isOfReplica } from '../../../lib/drivers/redis/redis.errors.js';
import { describeWith, startRedisProcess, type TestServer } from '../../servers/index.js';
import { untilItWorks } from '../time-of-calls.js';
import { openDriver, sampleRecord, startProxy, unique } from './redis-fixture.js';

/** A master and its replica behind one address, like a cloud endpoint or a virtual IP. */
interface Pair {
  /** The port of that address. */
  readonly port: number;
  /** How many connections the address has accepted. */
  readonly connections: number;
  /**
   * Promotes the replica and demotes the master to its replica, or to one whose master is unreachable. Existing
   * connections stay where they are.
   */
  swapRoles(where?: 'nowhere'): Promise<void>;
  /** From now on the address leads to the other server. */
  swapAddress(): void;
}

async function startServer(settings: Record<string, string>): Promise<{ server: TestServer; admin: Redis }> {
  const server = await startRedisProcess({ settings: { 'repl-diskless-sync-delay': '0', ...settings } });
  const admin = new Redis(server.url);
  admin.on('error', () => undefined);
  onTestFinished(async () => {
    admin.disconnect();
    await server.stop();
  });
  return { server, admin };
}

async function startPair(settings: Record<string, string> = {}): Promise<Pair> {
  const [first, second] = await Promise.all([startServer(settings), startServer(settings)]);
  await second.admin.replicaof(first.server.host, first.server.port);
  let target = first;
  let connections = 0;
  const port = await startProxy((incoming) => {
    connections += 1;
    const outgoing = connect(target.server.port, target.server.host);
    outgoing.on('error', () => incoming.destroy());
    incoming.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing).pipe(incoming);
  });
  return {
    port,
    get connections() {
      return connections;
    },
    swapRoles: async (where) => {
      // Make sure that the replica has all writes so far.
      await first.admin.set('last', 'write');
      expect(await first.admin.wait(1, 0)).toBe(1);
      await second.admin.replicaof('NO', 'ONE');
      await first.admin.replicaof(second.server.host, where === 'nowhere' ? 1 : second.server.port);
    },
    swapAddress: () => {
      target = target === first ? second : first;
    },
  };
}

describe('an error of a replica', () => {
  it.each([
    "READONLY You can't write against a read only replica.",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "READONLY You can't write against a read only replica. script: 1f, on @user_script:8.",
    "ERR Error running script (call to f_1f): @user_script:8: @user_script: 8: -READONLY You can't write against a read only replica.",
  ])('is recognized, also from a script: %s', (message) => {
    expect(isOfReplica(new ReplyError(message))).toBe(true);
  });

  it('is not mistaken for other Redis errors, or for errors that are no reply', () => {
    expect(isOfReplica(new ReplyError('OOM command not allowed'))).toBe(false);
    expect(isOfReplica(new ReplyError('ERR unknown READONLY'))).toBe(false);
    expect(isOfReplica(new Error('READONLY'))).toBe(false);
  });
});

describeWith(
  ['redis'],
  'the redis driver behind an address whose roles are swapped',
  () => {
    it('carries out a call that the replica refused on the master, whatever the call', async () => {
      const pair = await startPair();
      const host = '127.0.0.1';
      const open = () => openDriver({ host, port: pair.port });
      const drivers = [await open(), await open(), await open(), await open()] as const;
      const [writer, toucher, remover, destroyer] = drivers;
      const record = sampleRecord();
      const ids = drivers.map(() => unique());
      for (const id of ids) await writer.write(id, record);
      for (const driver of drivers) await driver.read('opened');
      await pair.swapRoles();
      pair.swapAddress();
      const [written = '', touched = '', removed = '', destroyed = ''] = ids;
      expect(await writer.write(written, { ...record, version: 2 })).toBe(true);
      expect(await toucher.touch(touched, record.expiresAt + 1)).toBe(true);
      expect(await remover.destroyVersion(removed, 1)).toBe(true);
      await destroyer.destroy(destroyed);
      // Read from the master: no driver is connected to the old one any more.
      const stored = await Promise.all(ids.map((id) => writer.read(id)));
      expect(stored).toEqual([
        { ...record, version: 2 },
        { ...record, expiresAt: record.expiresAt + 1 },
        null,
        null,
      ]);
    });

    it('carries out each of many calls once, over one new connection', async () => {
      const pair = await startPair();
      const driver = await openDriver({ host: '127.0.0.1', port: pair.port });
      const ids = Array.from({ length: 50 }, unique);
      const record = sampleRecord();
      await Promise.all(ids.map((id) => driver.write(id, record)));
      await pair.swapRoles();
      pair.swapAddress();
      const before = pair.connections;
      const writes = ids.map((id) => driver.write(id, { ...record, version: 2 }));
      expect(await Promise.all(writes)).toEqual(ids.map(() => true));
      expect(pair.connections).toBe(before + 1);
      for (const id of ids) expect(await driver.read(id)).toMatchObject({ version: 2 });
    });

    it('fails with READONLY while there is no master, and finds the new one soon', async () => {
      const pair = await startPair();
      const driver = await openDriver({ host: '127.0.0.1', port: pair.port });
      const id = unique();
      const record = sampleRecord();
      await driver.write(id, record);
      await pair.swapRoles();
      const next = { ...record, version: 2 };
      const before = pair.connections;
      const refused = await Promise.allSettled(Array.from({ length: 20 }, () => driver.write(id, next)));
      for (const outcome of refused) {
        expect(outcome).toMatchObject({
          status: 'rejected',
          reason: { message: expect.stringMatching(/^READONLY/) },
        });
      }
      // Not one connection per call; reads still work.
      expect(pair.connections).toBe(before + 1);
      expect(await driver.read(id)).toEqual(record);
      pair.swapAddress();
      await untilItWorks(async () => {
        if (!(await driver.write(id, next))) throw new Error('refused');
      });
      expect(await driver.read(id)).toEqual(next);
    });

    it('reconnects to the same database', async () => {
      const pair = await startPair();
      const driver = await openDriver({ host: '127.0.0.1', port: pair.port, db: 3 });
      const id = unique();
      const record = sampleRecord();
      await driver.write(id, record);
      await pair.swapRoles();
      pair.swapAddress();
      expect(await driver.write(id, { ...record, version: 2 })).toBe(true);
      const other = await openDriver({ host: '127.0.0.1', port: pair.port });
      expect(await other.read(id)).toBeNull();
    });

    it('also finds the master on a read when the replica says that it has lost its master', async () => {
      const pair = await startPair({ 'replica-serve-stale-data': 'no' });
      const driver = await openDriver({ host: '127.0.0.1', port: pair.port });
      const id = unique();
      const record = sampleRecord();
      await driver.write(id, record);
      await pair.swapRoles('nowhere');
      pair.swapAddress();
      expect(await driver.read(id)).toEqual(record);
    });

    it("finds the master with an application's own client configured as documented", async () => {
      const pair = await startPair();
      const client = new Redis({
        port: pair.port,
        retryStrategy: () => 250,
        reconnectOnError: (error) => (error.message.includes('READONLY') ? 2 : false),
      });
      client.on('error', () => undefined);
      onTestFinished(() => client.disconnect());
      const driver = await openDriver({ client });
      const id = unique();
      const record = sampleRecord();
      await driver.write(id, record);
      await pair.swapRoles();
      pair.swapAddress();
      const next = { ...record, version: 2 };
      expect(await driver.write(id, next)).toBe(true);
      expect(await driver.read(id)).toEqual(next);
    });
  },
  { controlsServer: true },
);
