import { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { UserRecords } from '../../../lib/drivers/driver.js';
import { DatabaseDriver } from '../../../lib/drivers/database/database.driver.js';
import { SessionEntity } from '../../../lib/drivers/database/session.entity.js';
import { writeSessionSql } from '../../../lib/drivers/database/session-sql.js';
import { locateSessionTable } from '../../../lib/drivers/database/session-table.js';
import { dialectOf } from '../../../lib/drivers/database/sql-dialect.js';
import { clock, contextWith, hour, recordWith } from './records.js';
import { createDatabase, describeOnEachDatabase, StatementLog, type TestDatabase } from './test-databases.js';

describeOnEachDatabase('the statements of the driver', (type) => {
  let database: TestDatabase;
  let source: DataSource;
  let driver: DatabaseDriver;
  const log = new StatementLog();

  async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
    log.statements.length = 0;
    await work();
    return log.statements.map((statement) => statement.split(' ')[0] ?? '');
  }

  /** Returns the query plan of a statement, and expects it not to scan the whole table. */
  async function planOf(sql: string, parameters: unknown[]): Promise<string> {
    const dialect = dialectOf(type);
    if (dialect !== 'sqlite')
      await source.query(dialect === 'mysql' ? 'ANALYZE TABLE sessions' : 'ANALYZE sessions');
    const explain = dialect === 'sqlite' ? 'EXPLAIN QUERY PLAN' : 'EXPLAIN';
    // MySQL cannot explain a DELETE in its default format; MariaDB has no other format.
    const format = /^[89]\./.test(source.driver.version ?? '') ? 'FORMAT=TRADITIONAL' : '';
    const plan = JSON.stringify(await source.query(`${explain} ${format} ${sql}`, parameters));
    expect(plan).not.toMatch(/Seq Scan|"SCAN |"type":"ALL"/);
    return plan;
  }

  function indexOn(column: keyof SessionEntity): string | undefined {
    const { indices } = source.getMetadata(SessionEntity);
    return indices.find(({ columns }) => columns[0]?.propertyName === column)?.name;
  }

  beforeAll(async () => {
    database = await createDatabase(type);
    source = new DataSource(
      Object.assign({}, database.options, {
        entities: [SessionEntity],
        synchronize: true,
        logger: log,
        logging: true,
      }),
    );
    await source.initialize();
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });
  beforeEach(async () => {
    await source.getRepository(SessionEntity).clear();
    driver = new DatabaseDriver({ dataSource: source }, contextWith());
    await driver.open();
  });

  it('are one for each call that does not conflict with another', async () => {
    expect(await statementsOf(() => driver.write('id', recordWith()))).toEqual(['INSERT']);
    expect(await statementsOf(() => driver.read('id'))).toEqual(['SELECT']);
    expect(await statementsOf(() => driver.write('id', recordWith({ version: 2 })))).toEqual(['UPDATE']);
    expect(await statementsOf(() => driver.touch('id', clock.now() + 2 * hour))).toEqual(['UPDATE']);
    expect(await statementsOf(() => driver.touch('id', clock.now() + 2 * hour))).toEqual(['UPDATE']);
    expect(await statementsOf(() => driver.destroy('id'))).toEqual(['DELETE']);
    expect(await statementsOf(() => driver.read('id'))).toEqual(['SELECT']);
  });

  it('remove expired rows in batches', async () => {
    const total = 2500;
    const rows = Array.from({ length: total }, (_, at) => ({
      id: `id-${at}`,
      ...recordWith({ expiresAt: clock.now() - at }),
    }));
    await source.getRepository(SessionEntity).insert({ id: 'alive', ...recordWith() });
    for (let at = 0; at < total; at += 500) {
      await source.getRepository(SessionEntity).insert(rows.slice(at, at + 500));
    }
    let removed = 0;
    const statements = await statementsOf(async () => {
      removed = await driver.collectGarbage(clock.now());
    });
    expect(removed).toBe(total);
    expect(statements.length).toBeGreaterThanOrEqual(3);
    expect(await source.getRepository(SessionEntity).find({ select: { id: true } })).toEqual([
      Object.assign(new SessionEntity(), { id: 'alive' }),
    ]);
  });

  it('list ten thousand sessions of a user a page at a time, by the index on users', async () => {
    const rows = Array.from({ length: 500 }, (_, at) => ({ id: `id-${at}`, ...recordWith() }));
    for (let copy = 0; copy < 24; copy++) {
      const userId = copy < 20 ? 'ann' : `user ${copy}`;
      await source
        .getRepository(SessionEntity)
        .insert(rows.map((row) => ({ ...row, id: `${row.id}-${copy}`, userId })));
    }
    const sizes: number[] = [];
    const statements = await statementsOf(async () => {
      for (let cursor: string | null = null; ;) {
        const page: UserRecords = await driver.listByUser('ann', cursor);
        sizes.push(page.records.length);
        ({ cursor } = page);
        if (cursor === null) break;
      }
    });
    expect(Math.max(...sizes)).toBe(200);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(10_000);
    expect(statements).toEqual(sizes.map(() => 'SELECT'));
    const { listByUser } = writeSessionSql(locateSessionTable(source, undefined), source);
    const plan = await planOf(listByUser, ['user 20', clock.now(), '', 200]);
    expect(plan).toContain(indexOn('userId'));
  });

  it('find expired rows by the index on their expiry', async () => {
    const rows = Array.from({ length: 500 }, (_, at) => ({ id: `id-${at}`, ...recordWith() }));
    for (let copy = 0; copy < 10; copy++) {
      await source
        .getRepository(SessionEntity)
        .insert(rows.map((row) => ({ ...row, id: `${row.id}-${copy}` })));
    }
    await driver.write('expired', recordWith({ expiresAt: clock.now() }));
    const { collect } = writeSessionSql(locateSessionTable(source, undefined), source);
    const plan = await planOf(collect, [clock.now(), 1000]);
    expect(plan).toContain(indexOn('expiresAt'));
  });
});
