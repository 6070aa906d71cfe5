import { setImmediate as turnOfTheLoop, setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { DatabaseDriver } from '../../../lib/drivers/database/database.driver.js';
import { SessionEntity } from '../../../lib/drivers/database/session.entity.js';
import { describeWith, startMariadb, startPostgres, type TestServer } from '../../servers/index.js';
import { guarded } from '../../support/guarded.js';
import { backWithinMs } from '../time-of-calls.js';
import { contextWith, recordWith } from './records.js';
import { StatementLog } from './test-databases.js';

// So long that also a busy machine answers in time as long as the server is well.
const storeTimeout = 1_000;
const starters = { postgres: startPostgres, mariadb: startMariadb } as const;

for (const type of ['postgres', 'mariadb'] as const) {
  describeWith([type], `the driver database when its server is in trouble (${type})`, () => outages(type), {
    controlsServer: true,
  });
}

function outages(type: keyof typeof starters): void {
  let server: TestServer;
  let source: DataSource;
  let driver: DatabaseDriver;
  const log = new StatementLog();

  beforeAll(async () => {
    server = await starters[type]();
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(async () => {
    source = await new DataSource({
      type,
      url: server.url,
      poolSize: 4,
      entities: [SessionEntity],
      synchronize: true,
      dropSchema: true,
      logger: log,
      logging: true,
    }).initialize();
    driver = new DatabaseDriver({ dataSource: source }, contextWith({ storeTimeout }));
    await driver.write('kept', recordWith());
  });
  afterEach(async () => {
    // A test that fails half-way must not leave the next one a server that is paused or gone.
    server.resume();
    if (server.pid === 0) await server.restart();
    await source.destroy();
  });

  it('rejects while it is down, and goes on with what it had when it is back', async () => {
    await Promise.all(Array.from({ length: 4 }, () => driver.read('kept')));
    await server.kill();
    for (let attempt = 0; attempt < 3; attempt++) {
      const outcomes = await Promise.allSettled([driver.read('kept'), driver.write('other', recordWith())]);
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    }
    await server.restart();
    // Connections that broke unnoticed may fail once more each.
    await vi.waitFor(async () => expect(await driver.read('kept')).toEqual(recordWith()), {
      timeout: backWithinMs,
    });
    expect(await driver.write('kept', recordWith({ version: 2 }))).toBe(true);
  });

  it('rejects what was under way when it went down', async () => {
    server.pause();
    const calls = Promise.allSettled([driver.read('kept'), driver.write('other', recordWith())]);
    await server.kill();
    expect((await calls).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await server.restart();
    await vi.waitFor(async () => expect(await driver.read('kept')).toEqual(recordWith()), {
      timeout: backWithinMs,
    });
  });

  it('lets nothing pile up while it does not answer, and stores nothing late that nobody waits for', async () => {
    const held = guarded(driver, storeTimeout);
    server.pause();
    const early = Array.from({ length: 50 }, (_, at) => driver.write(`early-${at}`, recordWith()));
    const outcomes = Promise.allSettled(early);
    held.read('kept').catch(() => undefined);
    await sleep(storeTimeout + 50);
    const late = await Promise.allSettled(
      Array.from({ length: 200 }, (_, at) =>
        Promise.race([held.read(`late-${at}`), turnOfTheLoop('pending')]),
      ),
    );
    const refused = late.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThanOrEqual(199);
    log.statements.length = 0;
    server.resume();
    const stored = (await outcomes).filter(({ status }) => status === 'fulfilled');
    // Four were on their way over the four connections of the pool.
    expect(stored.length).toBeLessThanOrEqual(4);
    await vi.waitFor(async () => expect(await driver.read('kept')).toEqual(recordWith()), {
      timeout: backWithinMs,
    });
    expect(log.statements.filter((statement) => statement.startsWith('INSERT'))).toEqual([]);
    expect(await source.getRepository(SessionEntity).count()).toBe(1 + stored.length);
  });
}
