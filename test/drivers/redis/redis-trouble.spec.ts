import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as turnOfTheLoop, setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { SessionStoreError } from '../../../lib/session.errors.js';
import { describeWith, startRedisProcess, type TestServer } from '../../servers/index.js';
import { guarded } from '../../support/guarded.js';
import { SteadyLoad } from '../../support/steady-load.js';
import { untilItWorks } from '../time-of-calls.js';
import { openDriver, sampleRecord, startProxy, unique } from './redis-fixture.js';

async function start(): Promise<TestServer> {
  const server = await startRedisProcess();
  onTestFinished(() => server.stop());
  return server;
}

function clientOf(server: TestServer): Redis {
  const client = new Redis(server.url, { disconnectTimeout: 20 });
  client.on('error', () => undefined);
  onTestFinished(() => client.disconnect());
  return client;
}

/** Forwards to a server, but never answers on the first connection. */
async function startSilentProxy(server: TestServer): Promise<number> {
  let connections = 0;
  return startProxy((incoming) => {
    connections++;
    if (connections === 1) incoming.resume();
    else incoming.pipe(connect(server.port, server.host)).pipe(incoming);
  });
}

/** Forwards to a server, but cuts the connection instead of returning the answer to `command`. */
async function startCuttingProxy(server: TestServer, command: string): Promise<number> {
  return startProxy((incoming) => {
    const outgoing = connect(server.port, server.host);
    outgoing.on('error', () => undefined);
    let cutsNext = false;
    incoming.on('data', (bytes) => {
      cutsNext ||= bytes.includes(command);
      outgoing.write(bytes);
    });
    outgoing.on('data', (bytes) => {
      if (cutsNext) incoming.destroy();
      else incoming.write(bytes);
    });
    incoming.on('close', () => outgoing.destroy());
  });
}

describeWith(
  ['redis'],
  'the redis driver in trouble',
  () => {
    it('boots while the server is down, fails at once, and works soon after its return', async () => {
      const server = await start();
      await server.kill();
      const driver = await openDriver({ url: server.url });
      await expect(driver.read('id')).rejects.toThrow('Not connected');
      await expect(driver.write('id', sampleRecord())).rejects.toMatchObject({
        cause: { code: 'ECONNREFUSED' },
      });
      await server.restart();
      await untilItWorks(() => driver.read('id'));
    });

    it.each(['its own', "the application's"])(
      'finds all records after a restart, over %s connection',
      async (whose) => {
        const server = await start();
        const driver = await openDriver(
          whose === 'its own' ? { url: server.url } : { client: clientOf(server) },
        );
        const record = sampleRecord();
        await driver.write('id', record);
        await server.restart();
        await untilItWorks(() => driver.read('id'));
        expect(await driver.read('id')).toEqual(record);
        expect(await driver.write('id', { ...record, version: 2 })).toBe(true);
      },
    );

    it('boots while the server is paused', async () => {
      const server = await start();
      server.pause();
      await openDriver({ url: server.url }, 200);
      const driver = await openDriver({ url: server.url }, 200);
      await expect(driver.read('id')).rejects.toThrow('Not connected');
      server.resume();
      await untilItWorks(() => driver.read('id'));
    });

    it.each(['its own', "the application's"])(
      'queues no calls for a paused server, and works soon after its return, over %s connection',
      async (whose) => {
        const server = await start();
        const client = clientOf(server);
        const opened = await openDriver(whose === 'its own' ? { url: server.url } : { client }, 300);
        const driver = guarded(opened, 300);
        const record = sampleRecord();
        // Opening waits only 300 ms for the connection.
        await untilItWorks(() => opened.write('id', record));
        server.pause();
        // Four times as long as a call may take.
        using load = new SteadyLoad(() => driver.read('id'));
        await sleep(1_200);
        const mostWaiting = load.stop();
        // No timer fires between these calls, so at most one is let through; the others are refused at once.
        const burst = await Promise.allSettled(
          Array.from({ length: 20 }, () => Promise.race([driver.read('id'), turnOfTheLoop()])),
        );
        expect(burst.filter(({ status }) => status === 'rejected').length).toBeGreaterThanOrEqual(19);
        // Without the guard all 400 would be pending; with it, those of the first 300 ms and a few probes.
        expect(mostWaiting).toBeLessThan(180);
        server.resume();
        await untilItWorks(() => driver.read('id'));
        await load.answered();
        expect(await opened.read('id')).toEqual(record);
      },
    );

    it('fails calls pending on a paused server soon after the store timeout, over its own connection', async () => {
      const server = await start();
      const opened = await openDriver({ url: server.url }, 300);
      const driver = guarded(opened, 300);
      await untilItWorks(() => opened.read('id'));
      server.pause();
      // This call has no time limit of its own: it fails because the guard drops the connection.
      const waiting = opened.read('id').catch((error: unknown) => error);
      await expect(driver.read('id')).rejects.toThrow(SessionStoreError);
      expect(await waiting).toMatchObject({
        message: 'The connection was lost before Redis answered',
        code: 'ECONNRESET',
      });
    });

    it('opens another connection if the server does not complete the first', async () => {
      const port = await startSilentProxy(await start());
      const driver = await openDriver({ host: '127.0.0.1', port }, 300);
      await untilItWorks(() => driver.read('id'));
      expect(await driver.read('id')).toBeNull();
    });

    it("does not queue calls in an application's client that reconnects to a paused server", async () => {
      const server = await start();
      const client = clientOf(server);
      const driver = await openDriver({ client });
      await driver.write('id', sampleRecord());
      server.pause();
      const connected = new Promise<void>((resolve) => {
        client.once('connect', () => resolve());
      });
      client.disconnect(true);
      await connected;
      await expect(driver.write('id', sampleRecord({ version: 2 }))).rejects.toThrow('Not connected');
    });

    it("does not queue calls in an application's client that has lost its connection", async () => {
      const server = await start();
      const client = clientOf(server);
      const driver = await openDriver({ client });
      const id = unique();
      await driver.write(id, sampleRecord());
      await Promise.all([once(client, 'close'), server.kill()]);
      await expect(driver.write(id, sampleRecord({ version: 2 }))).rejects.toThrow('Not connected');
      await server.restart();
      await untilItWorks(() => client.ping());
      // The refused write was not carried out later.
      expect(await driver.read(id)).toMatchObject({ version: 1 });
    });

    it("does not queue calls in an application's client whose first connection fails", async () => {
      const server = await start();
      await server.kill();
      const client = clientOf(server);
      await new Promise<void>((resolve) => {
        client.once('reconnecting', () => resolve());
      });
      const driver = await openDriver({ client });
      await expect(driver.write('id', sampleRecord())).rejects.toThrow('Not connected');
      await server.restart();
      await untilItWorks(() => driver.read('id'));
      expect(await driver.read('id')).toBeNull();
    });

    it("waits for the first connection of an application's client", async () => {
      const server = await start();
      const driver = await openDriver({ client: clientOf(server) });
      expect(await driver.read('id')).toBeNull();
    });

    it('fails a call whose connection is cut before the answer, and does not resend it', async () => {
      const server = await start();
      const port = await startCuttingProxy(server, 'evalsha');
      const driver = await openDriver({ host: '127.0.0.1', port });
      const direct = await openDriver({ url: server.url });
      const record = sampleRecord();
      await direct.write('id', record);
      await expect(driver.write('id', { ...record, version: 2 })).rejects.toThrow('before Redis answered');
      await untilItWorks(() => driver.read('id'));
      expect(await direct.read('id')).toMatchObject({ version: 2 });
      const stats = await clientOf(server).info('commandstats');
      expect(stats).toMatch(/cmdstat_evalsha:calls=2,/);
    });

    it.each(['99', '/99'])(
      'writes nothing if the server lacks the database %s, and names the option',
      async (where) => {
        const server = await start();
        const driver = await openDriver(
          where === '/99' ? { url: server.url + where } : { host: server.host, port: server.port, db: 99 },
        );
        for (const call of [() => driver.write('id', sampleRecord()), () => driver.read('id')]) {
          await expect(call()).rejects.toThrow(SessionStoreError);
          await expect(call()).rejects.toThrow(/database 99 .*index is out of range.* redis\.db/);
        }
        expect(await clientOf(server).dbsize()).toBe(0);
      },
    );

    it.each([{}, { enableReadyCheck: false, disableClientInfo: true }])(
      'selects the database again after a restart: %j',
      async (settings) => {
        const server = await start();
        const driver = await openDriver({ url: `${server.url}/3`, ...settings });
        const record = sampleRecord();
        expect(await driver.write('id', record)).toBe(true);
        await server.restart();
        await untilItWorks(() => driver.read('id'));
        expect(await driver.read('id')).toEqual(record);
        const client = clientOf(server);
        expect(await client.dbsize()).toBe(0);
        await client.select(3);
        expect(await client.dbsize()).toBe(1);
      },
    );

    it('writes nothing before the server has confirmed the database', async () => {
      const server = await start();
      const driver = await openDriver({
        url: `${server.url}/99`,
        enableReadyCheck: false,
        disableClientInfo: true,
      });
      const until = performance.now() + 1_500;
      // Includes further connection attempts.
      while (performance.now() < until) {
        await driver.write('id', sampleRecord()).catch(() => undefined);
        await turnOfTheLoop();
      }
      expect(await clientOf(server).dbsize()).toBe(0);
    });

    it('works soon after it is permitted to use the database', async () => {
      const server = await start();
      const client = clientOf(server);
      await client.call('acl', 'setuser', 'shop', 'on', '>pass', '~*', '+@all', '-select');
      const driver = await openDriver({
        url: `redis://shop:pass@${server.host}:${server.port}/3`,
        disableClientInfo: true,
      });
      await expect(driver.read('id')).rejects.toThrow(/database 3 .*select/);
      await client.call('acl', 'setuser', 'shop', '+select');
      await untilItWorks(() => driver.read('id'));
    });

    it('keeps a wrong password out of its errors', async () => {
      const server = await start();
      await clientOf(server).call('acl', 'setuser', 'shop', 'on', '>right', '~*', '+@all');
      const driver = await openDriver({ url: `redis://shop:hunter2@${server.host}:${server.port}` });
      const error = await driver.read('id').catch((reason: unknown) => reason);
      const said = inspect(error, { depth: 10, showHidden: true });
      expect(said).toContain('WRONGPASS');
      expect(said).not.toContain('hunter2');
    });

    it('closes while the server is down', async () => {
      const server = await start();
      const driver = await openDriver({ url: server.url });
      await server.kill();
      await driver.close();
      await expect(driver.read('id')).rejects.toThrow('not been opened');
    });

    it('closes while the server is paused', async () => {
      const server = await start();
      const driver = await openDriver({ url: server.url }, 200);
      await untilItWorks(() => driver.read('id'));
      server.pause();
      const waiting = driver.read('id').catch((error: unknown) => error);
      await driver.close();
      expect(await waiting).toMatchObject({ code: 'ECONNRESET' });
    });

    it('keeps ids and payloads out of its errors', async () => {
      const full = await startRedisProcess({
        settings: { maxmemory: '1', 'maxmemory-policy': 'noeviction' },
      });
      onTestFinished(() => full.stop());
      const driver = await openDriver({ url: full.url });
      const error = await driver
        .write('secret-id', sampleRecord({ payload: 'secret-payload' }))
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      const said = inspect(error, { depth: 10, showHidden: true });
      expect(said).toContain('OOM');
      expect(said).not.toContain('secret');
    });
  },
  { controlsServer: true },
);
