import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { DatabaseDriver } from '../../../lib/drivers/database/database.driver.js';
import { SessionEntity } from '../../../lib/drivers/database/session.entity.js';
import { SessionTooLargeError } from '../../../lib/session.errors.js';
import { describeWith } from '../../servers/index.js';
import { backWithinMs } from '../time-of-calls.js';
import { clock, contextWith, recordWith } from './records.js';
import { createDatabase, type TestDatabase } from './test-databases.js';

describeWith(['mariadb'], 'the driver database on MariaDB', () => {
  let database: TestDatabase;
  let source: DataSource;
  let driver: DatabaseDriver;

  beforeAll(async () => {
    database = await createDatabase('mariadb');
    source = await new DataSource(
      Object.assign({}, database.options, { entities: [SessionEntity], synchronize: true }),
    ).initialize();
    driver = new DatabaseDriver({ dataSource: source }, contextWith());
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  it('retries a statement that the server chose as a deadlock victim', async () => {
    await driver.write('first', recordWith({ expiresAt: clock.now() - 2 }));
    await driver.write('second', recordWith({ expiresAt: clock.now() - 1 }));
    const other = source.createQueryRunner();
    await other.startTransaction();
    // The server rolls back the transaction that changed less, so this one changes more.
    const rows = Array.from({ length: 50 }, (_, at) => ({ id: `row-${at}`, ...recordWith() }));
    await other.manager.insert(SessionEntity, rows);
    await other.query("UPDATE sessions SET user_id = 'x' WHERE id = 'second'");
    const collecting = driver.collectGarbage(clock.now());
    await vi.waitFor(
      async () => {
        const waiting = await source.query<unknown[]>(
          'SELECT 1 FROM information_schema.innodb_trx JOIN information_schema.processlist ON id = trx_mysql_thread_id ' +
            "WHERE db = DATABASE() AND trx_state = 'LOCK WAIT'",
        );
        expect(waiting).toHaveLength(1);
      },
      // The server refreshes this list only when nobody has queried it for a tenth of a second.
      { interval: 150, timeout: backWithinMs },
    );
    await other.query("UPDATE sessions SET user_id = 'x' WHERE id = 'first'");
    await other.commitTransaction();
    await other.release();
    expect(await collecting).toBe(2);
  });

  it('reports a touch that changes nothing as successful even if the connection counts changed rows only', async () => {
    const counting = await new DataSource(
      Object.assign({}, database.options, { entities: [SessionEntity], extra: { flags: ['-FOUND_ROWS'] } }),
    ).initialize();
    const changing = new DatabaseDriver({ dataSource: counting }, contextWith());
    const record = recordWith();
    expect(await changing.write('counted', record)).toBe(true);
    expect(await changing.touch('counted', record.expiresAt)).toBe(true);
    expect(await changing.touch('missing', record.expiresAt)).toBe(false);
    expect(await changing.write('counted', { ...record, version: 2 })).toBe(true);
    expect(await changing.write('counted', { ...record, version: 2 })).toBe(false);
    await counting.destroy();
  });

  it('refuses a payload that its column does not take, and shows nothing of it', async () => {
    await source.query('ALTER TABLE sessions MODIFY payload text NOT NULL');
    const payload = 'hunter2 '.repeat(10_000);
    const refused: unknown = await driver
      .write('large', recordWith({ payload }))
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SessionTooLargeError);
    expect(String(refused)).toContain(
      'The session has 80000 bytes; the database takes no payload of that size.',
    );
    expect(String(refused)).not.toContain('hunter2');
  });

  it('keeps text intact and distinguishes ids in a database with an older character set', async () => {
    await source.query('DROP TABLE sessions');
    await source.query(
      `ALTER DATABASE ${String(source.driver.database)} CHARACTER SET latin1 COLLATE latin1_swedish_ci`,
    );
    await source.synchronize();
    const record = recordWith({ payload: '"😀 世界"', userId: 'Ünal', userAgent: '😀' });
    expect(await driver.write('Some-Id', record)).toBe(true);
    expect(await driver.read('Some-Id')).toEqual(record);
    expect(await driver.read('some-id')).toBe(null);
    const users = source.getRepository(SessionEntity);
    expect([await users.countBy({ userId: 'Ünal' }), await users.countBy({ userId: 'ünal' })]).toEqual([
      1, 0,
    ]);
  });
});
