import { DataSource, type DataSourceOptions } from 'typeorm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CreateSessionsTable1700000000000 } from '../../../lib/drivers/database/create-sessions-table.migration.js';
import { DatabaseDriver } from '../../../lib/drivers/database/database.driver.js';
import { SessionEntity } from '../../../lib/drivers/database/session.entity.js';
import { WidenLastActivity1700000000001 } from '../../../lib/drivers/database/widen-last-activity.migration.js';
import { clock, contextWith, hour, recordWith } from './records.js';
import { createDatabase, describeOnEachDatabase, type TestDatabase } from './test-databases.js';

const LATE = Date.UTC(2040, 0, 1) + 7;
const LATEST_OF_32_BITS = (2 ** 31 - 1) * 1000;

class CreateVisits1760000000000 extends CreateSessionsTable1700000000000 {
  override readonly table = 'my visits';
}

class WidenVisits1770000000000 extends WidenLastActivity1700000000001 {
  override readonly table = 'my visits';
}

describeOnEachDatabase('the column of the last activity', (type) => {
  let database: TestDatabase;
  const sources: DataSource[] = [];
  const isServer = type !== 'better-sqlite3';

  async function connect(options: Partial<DataSourceOptions>): Promise<DataSource> {
    const source = new DataSource(Object.assign({}, database.options, options));
    await source.initialize();
    sources.push(source);
    return source;
  }

  /** Makes the column as version 0.1.0 made it. */
  async function makeNarrow(source: DataSource, name: string): Promise<void> {
    const table = source.driver.escape(name);
    if (type === 'postgres') {
      await source.query(
        `ALTER TABLE ${table} ALTER last_activity TYPE integer, ALTER last_activity DROP DEFAULT`,
      );
    }
    if (type === 'mariadb') await source.query(`ALTER TABLE ${table} MODIFY last_activity int NOT NULL`);
  }

  /** A data source with a table of version 0.1.0, with one session, that knows these migrations. */
  async function connectToOld(options: Partial<DataSourceOptions> = {}): Promise<DataSource> {
    const creating = await connect({ migrations: [CreateSessionsTable1700000000000], migrationsRun: true });
    await makeNarrow(creating, 'sessions');
    await driverOf(creating).write('before', recordWith());
    return connect(options);
  }

  const driverOf = (dataSource: DataSource, table?: string): DatabaseDriver =>
    new DatabaseDriver({ dataSource, ...(table === undefined ? {} : { table }) }, contextWith());

  async function columnOf(source: DataSource, table = 'sessions') {
    const runner = source.createQueryRunner();
    const found = (await runner.getTable(table))?.columns.find(({ name }) => name === 'last_activity');
    await runner.release();
    return [found?.type, found?.default ?? null];
  }

  const NARROW = { 'better-sqlite3': 'integer', postgres: 'integer', mariadb: 'int' }[type];
  const OLD = [NARROW, null];
  const NEW = isServer ? ['bigint', expect.stringMatching(/^'?0'?$/)] : OLD;

  async function differencesOf(source: DataSource): Promise<string[]> {
    const pending = await source.driver.createSchemaBuilder().log();
    return pending.upQueries.map(({ query }) => query);
  }

  const MIGRATIONS = {
    entities: [SessionEntity],
    migrations: [CreateSessionsTable1700000000000, WidenLastActivity1700000000001],
  };

  beforeEach(async () => {
    database = await createDatabase(type);
  });
  afterEach(async () => {
    await Promise.all(sources.splice(0).map(async (source) => source.destroy()));
    await database.drop();
  });

  it.each(['synchronize', 'migrationsRun'])('goes beyond 2038 in a table made by %s', async (creating) => {
    const source = await connect({ ...MIGRATIONS, [creating]: true });
    const record = recordWith({ lastActivity: LATE, expiresAt: LATE + hour });
    expect(await driverOf(source).write('late', record)).toBe(true);
    expect(await driverOf(source).read('late')).toEqual(record);
    expect((await source.getRepository(SessionEntity).findOneBy({ id: 'late' }))?.lastActivity).toBe(
      LATE - 7,
    );
    expect(await columnOf(source)).toEqual(NEW);
    expect(await differencesOf(source)).toEqual([]);
  });

  it('of an older table ends in 2038, and sessions are stored after that as before', async () => {
    const driver = driverOf(await connectToOld());
    const record = recordWith({ lastActivity: LATE, expiresAt: LATE + hour });
    const kept = isServer ? { ...record, lastActivity: LATEST_OF_32_BITS + 7 } : record;
    expect(await driver.write('late', record)).toBe(true);
    expect(await driver.read('late')).toEqual(kept);
    expect(await driver.write('late', { ...record, version: 2 })).toBe(true);
    expect(await driver.write('late', { ...record, version: 2 })).toBe(false);
    expect(await driver.write('before', { ...record, version: 2 })).toBe(true);
    expect(await driverOf(sources[0]!).write('late', { ...record, version: 3 })).toBe(true);
    expect(await driver.read('late')).toEqual({ ...kept, version: 3 });
  });

  it('of an older table is widened by the migration, with its sessions, and is that of the entity then', async () => {
    const source = await connectToOld(MIGRATIONS);
    expect(await columnOf(source)).toEqual(OLD);
    expect(await driverOf(source).read('before')).toEqual(recordWith());
    expect((await source.runMigrations()).map(({ name }) => name)).toEqual([
      'WidenLastActivity1700000000001',
    ]);
    expect(await columnOf(source)).toEqual(NEW);
    expect(await differencesOf(source)).toEqual([]);
    expect(await driverOf(source).read('before')).toEqual(recordWith());
    const record = recordWith({ lastActivity: LATE, version: 2 });
    expect(await driverOf(source).write('before', record)).toBe(true);
    expect(await driverOf(source).read('before')).toEqual(record);
  });

  it('is narrow again once the migration is reverted, with the latest times that fit', async () => {
    const source = await connectToOld(MIGRATIONS);
    await source.runMigrations();
    const late = recordWith({ lastActivity: LATE });
    await driverOf(source).write('late', late);
    await source.undoLastMigration();
    expect(await columnOf(source)).toEqual(OLD);
    expect(await driverOf(source).read('before')).toEqual(recordWith());
    expect(await driverOf(source).read('late')).toEqual(
      isServer ? { ...late, lastActivity: LATEST_OF_32_BITS + 7 } : late,
    );
    await source.runMigrations();
    expect(await columnOf(source)).toEqual(NEW);
  });

  it('is widened in a table of another name, with the prefix of the data source', async () => {
    const creating = await connect({
      entityPrefix: 'app_',
      migrations: [CreateVisits1760000000000],
      migrationsRun: true,
    });
    await makeNarrow(creating, 'app_my visits');
    const source = await connect({
      entityPrefix: 'app_',
      migrations: [CreateVisits1760000000000, WidenVisits1770000000000],
      migrationsRun: true,
    });
    expect(await columnOf(source, 'app_my visits')).toEqual(NEW);
    const record = recordWith({ lastActivity: LATE });
    await driverOf(source, 'my visits').write('late', record);
    expect(await driverOf(source, 'my visits').read('late')).toEqual(record);
  });

  it.skipIf(!isServer)('is not missed silently if the table has another name', async () => {
    const source = await connect({ migrations: [CreateVisits1760000000000, WidenLastActivity1700000000001] });
    await expect(source.runMigrations()).rejects.toThrow(/sessions/);
  });

  it('is widened by both migrations before a synchronization, and made by them where there is no table', async () => {
    const creating = await connect({ entities: [SessionEntity], synchronize: true });
    await makeNarrow(creating, 'sessions');
    await driverOf(creating).write('before', recordWith());
    const both = { ...MIGRATIONS, migrationsRun: true, synchronize: true };
    const source = await connect(both);
    expect(await columnOf(source)).toEqual(NEW);
    expect(await driverOf(source).read('before')).toEqual(recordWith());
    await source.dropDatabase();
    expect(await columnOf(await connect(both))).toEqual(NEW);
  });

  it('of an older table is replaced by a synchronization, which keeps the sessions', async () => {
    const source = await connectToOld({ entities: [SessionEntity], synchronize: true });
    expect(await columnOf(source)).toEqual(NEW);
    const { lastActivity, ...kept } = recordWith();
    expect(await driverOf(source).read('before')).toMatchObject(kept);
    expect((await driverOf(source).read('before'))?.lastActivity).toBe(isServer ? 0 : lastActivity);
    expect(await driverOf(source).write('before', recordWith({ version: 2 }))).toBe(true);
    expect((await driverOf(source).read('before'))?.lastActivity).toBe(clock.now());
  });
});
