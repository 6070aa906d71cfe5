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

// Long enough for a busy machine to answer in time while the server is up.
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
    // A test that fails halfway must not leave a paused or killed server to the next one.
    server.resume();
    if (server.pid === 0) await server.restart();
    await source.destroy();
  });

  it('rejects calls while it is down, and has its records again when it is back', async () => {
    await Promise.all(Array.from({ length: 4 }, () => driver.read('kept')));
    await server.kill();
    for (let attempt = 0; attempt < 3; attempt++) {
      const outcomes = await Promise.allSettled([driver.read('kept'), driver.write('other', recordWith())]);
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    }
    await server.restart();
    // Connections whose loss went unnoticed may each fail once more.
    await vi.waitFor(async () => expect(await driver.read('kept')).toEqual(recordWith()), {
      timeout: backWithinMs,
    });
    expect(await driver.write('kept', recordWith({ version: 2 }))).toBe(true);
  });

  it('rejects the calls in progress when it goes down', async () => {
    server.pause();
    const calls = Promise.allSettled([driver.read('kept'), driver.write('other', recordWith())]);
    await server.kill();
    expect((await calls).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await server.restart();
    await vi.waitFor(async () => expect(await driver.read('kept')).toEqual(recordWith()), {
      timeout: backWithinMs,
    });
  });

  it('queues no calls while it does not answer, and stores no write late whose caller has given up', async () => {
    const held = guarded(driver, storeTimeout);
    server.pause();
    const early = Array.from({ length: 50 }, (_, at) => driver.write(`early-${at}`, recordWith()));
    const outcomes = Promise.allSettled(early);
    held.read('kept').catch(() => undefined);
    // Timers count from the beginning of a turn, and these calls may have taken long in this one.
    await turnOfTheLoop();
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
    // Four were already on their way over the pool's four connections.
    expect(stored.length).toBeLessThanOrEqual(4);
    await vi.waitFor(async () => expect(await driver.read('kept')).toEqual(recordWith()), {
      timeout: backWithinMs,
    });
    expect(log.statements.filter((statement) => statement.startsWith('INSERT'))).toEqual([]);
    expect(await source.getRepository(SessionEntity).count()).toBe(1 + stored.length);
  });
}
