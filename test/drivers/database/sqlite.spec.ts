import { EventEmitter, once } from 'node:events';
import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseDriver } from '../../../lib/drivers/database/database.driver.js';
import { SessionEntity } from '../../../lib/drivers/database/session.entity.js';
import { clock, contextWith, recordWith } from './records.js';
import { createDatabase, type TestDatabase } from './test-databases.js';

describe('the driver database on SQLite', () => {
  let database: TestDatabase;
  let source: DataSource;
  let driver: DatabaseDriver;

  beforeEach(async () => {
    database = await createDatabase('better-sqlite3');
    source = await new DataSource(
      Object.assign({}, database.options, { entities: [SessionEntity], synchronize: true, timeout: 1 }),
    ).initialize();
    driver = new DatabaseDriver({ dataSource: source }, contextWith());
  });
  afterEach(async () => {
    await source.destroy();
    await database.drop();
  });

  /** For calls that never succeed, so that tests need not wait long. */
  const impatient = () => new DatabaseDriver({ dataSource: source }, contextWith({ storeTimeout: 400 }));

  it('waits for another process that is writing to the file', async () => {
    const other = new Database(String(source.options.database));
    other.exec('BEGIN IMMEDIATE');
    const write = driver.write('some-id', recordWith());
    setTimeout(() => {
      other.exec('COMMIT');
      other.close();
    }, 40);
    expect(await write).toBe(true);
  });

  it('fails with SQLITE_BUSY when another process never finishes writing', async () => {
    const other = new Database(String(source.options.database));
    other.exec('BEGIN IMMEDIATE');
    await expect(impatient().write('some-id', recordWith())).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
    other.close();
    expect(await driver.write('some-id', recordWith())).toBe(true);
  });

  it('does not lose a write to the rollback of a transaction that the application has open', async () => {
    const signals = new EventEmitter();
    const begun = once(signals, 'begun');
    const transaction = source.transaction(async () => {
      const end = once(signals, 'end');
      signals.emit('begun');
      await end;
      throw new Error('rolled back');
    });
    await begun;
    expect(await driver.read('some-id')).toBe(null);
    const write = driver.write('some-id', recordWith());
    signals.emit('end');
    await expect(transaction).rejects.toThrow('rolled back');
    expect(await write).toBe(true);
    expect(await driver.read('some-id')).toEqual(recordWith());
  });

  it('names the open transaction when it does not end in time', async () => {
    await source.transaction(async () => {
      await expect(impatient().write('some-id', recordWith())).rejects.toThrow(
        /transaction.*data source of their own/,
      );
    });
    expect(await driver.read('some-id')).toBe(null);
  });

  it('collects garbage in slices that let the event loop turn', async () => {
    const rows = Array.from({ length: 1500 }, (_, at) => ({
      id: `old-${Math.imul(at, 2_654_435_761)}`,
      ...recordWith({ expiresAt: clock.now() - 1, payload: 'x'.repeat(1000) }),
    }));
    for (let at = 0; at < rows.length; at += 500) {
      await source.getRepository(SessionEntity).insert(rows.slice(at, at + 500));
    }
    let turns = 0;
    const turning = setInterval(() => {
      turns += 1;
    }, 1);
    expect(await driver.collectGarbage(clock.now())).toBe(1500);
    clearInterval(turning);
    expect(turns).toBeGreaterThan(3);
  });

  it('stops collecting when the driver closes', async () => {
    const rows = Array.from({ length: 400 }, (_, at) => ({
      id: `old-${at}`,
      ...recordWith({ expiresAt: clock.now() - 1 }),
    }));
    await source.getRepository(SessionEntity).insert(rows);
    await driver.open();
    const collecting = driver.collectGarbage(clock.now());
    await driver.close();
    expect(await collecting).toBeLessThan(400);
  });
});
