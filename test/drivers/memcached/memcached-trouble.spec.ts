import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { describeWith, startMemcachedProcess, type TestServer } from '../../servers/index.js';
import { GuardLog, guarded } from '../../support/guarded.js';
import { SteadyLoad } from '../../support/steady-load.js';
import { untilItWorks } from '../time-of-calls.js';
import { openDriver, sampleRecord } from './memcached-fixture.js';

async function start(): Promise<TestServer> {
  const server = await startMemcachedProcess();
  onTestFinished(() => server.stop());
  return server;
}

describeWith(
  ['memcached'],
  'the memcached driver in trouble',
  () => {
    it('boots while the server is down, fails at once, and works as soon as it is back', async () => {
      const server = await start();
      await server.kill();
      const driver = await openDriver({ servers: server.url });
      await expect(driver.read('id')).rejects.toThrow('ECONNREFUSED');
      for (let attempt = 0; attempt < 20; attempt++) {
        await expect(driver.write('id', sampleRecord())).rejects.toThrow('ECONNREFUSED');
      }
      await server.restart();
      // The very first call connects: there is no pause between attempts to wait for.
      expect(await driver.read('id')).toBeNull();
      expect(await driver.write('id', sampleRecord())).toBe(true);
    });

    it('has no sessions from before a restart, and rejects writes based on one', async () => {
      const server = await start();
      const driver = await openDriver({ servers: server.url });
      await driver.write('id', sampleRecord());
      await driver.read('id');
      await server.restart();
      await untilItWorks(() => driver.read('other'));
      expect(await driver.write('id', sampleRecord({ version: 2 }))).toBe(false);
      expect(await driver.read('id')).toBeNull();
    });

    it('fails pending calls when the server dies', async () => {
      const server = await start();
      const driver = await openDriver({ servers: server.url });
      await driver.write('id', sampleRecord());
      server.pause();
      const waiting = [driver.read('id'), driver.write('id', sampleRecord({ version: 2 }))];
      const settled = Promise.allSettled(waiting);
      await server.kill();
      expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    });

    it('queues no calls for a paused server, and works soon after its return', async () => {
      const server = await start();
      const opened = await openDriver({ servers: server.url }, 300);
      const driver = guarded(opened, 300);
      const record = sampleRecord();
      await opened.write('id', record);
      server.pause();
      // Four times as long as a call may take.
      using load = new SteadyLoad(() => driver.read('id'));
      await sleep(1_200);
      const mostWaiting = load.stop();
      // Without the guard at least all calls of the last 300 ms would be pending; with it, only probes.
      expect(mostWaiting).toBeLessThan(30);
      server.resume();
      await untilItWorks(() => driver.read('id'));
      await load.answered();
      expect(await opened.read('id')).toEqual(record);
    });

    it('serves the sessions of the other servers while one is down, and moves none', async () => {
      const servers = [await start(), await start(), await start()];
      const driver = await openDriver({ servers: servers.map(({ url }) => url) });
      const ids = Array.from({ length: 60 }, (_, index) => `id-${index}`);
      await Promise.all(ids.map((id) => driver.write(id, sampleRecord())));
      await servers[0]?.kill();
      const read = (id: string): Promise<boolean | Error> =>
        driver.read(id).then(
          (record) => record !== null,
          (error: Error) => error,
        );
      const outcomes = await Promise.all(ids.map(read));
      const failed = outcomes.filter((outcome) => outcome instanceof Error);
      expect(failed.length).toBeGreaterThan(5);
      expect(failed.length).toBeLessThan(40);
      expect(outcomes).not.toContain(false);
    });

    it("stops waiting for a hanging server for that server's sessions only, and logs it once", async () => {
      const servers = [await start(), await start(), await start()];
      const opened = await openDriver({ servers: servers.map(({ url }) => url) }, 1_000);
      const log = new GuardLog();
      const driver = guarded(opened, 300, log);
      const ids = Array.from({ length: 30 }, (_, index) => `id-${index}`);
      await Promise.all(ids.map((id) => opened.write(id, sampleRecord())));
      const hanging = ids.filter((id) => opened.serverOf(id) === `${servers[0]?.host}:${servers[0]?.port}`);
      const [first = ''] = hanging;
      servers[0]?.pause();
      await expect(driver.read(first)).rejects.toThrow('did not answer');
      const outcomes = await Promise.all(
        ids.map((id) =>
          driver.read(id).then(
            () => 'read',
            (error: Error) => error.message,
          ),
        ),
      );
      const failed = ids.filter((_, index) => outcomes[index] !== 'read');
      expect(failed).toEqual(hanging);
      // One of them is let through as a probe.
      expect(outcomes.filter((outcome) => outcome.includes('has stopped answering'))).toHaveLength(
        hanging.length - 1,
      );
      expect(log.lines).toHaveLength(1);
      servers[0]?.resume();
      await untilItWorks(() => driver.read(first));
      expect(log.lines.slice(1)).toEqual(['The session store "test" is back.']);
    });

    it('fails after it has been closed', async () => {
      const server = await start();
      const driver = await openDriver({ servers: server.url });
      await driver.close();
      await expect(driver.read('id')).rejects.toThrow('not been opened');
    });
  },
  { controlsServer: true },
);
