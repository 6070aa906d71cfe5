import { isDeepStrictEqual } from 'node:util';
import { Column, DataSource, Entity, type DataSourceOptions } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CreateSessionsTable1700000000000 } from '../../../lib/drivers/database/create-sessions-table.migration.js';
import { DatabaseDriver } from '../../../lib/drivers/database/database.driver.js';
import { SessionEntity } from '../../../lib/drivers/database/session.entity.js';
import { contextWith, recordWith } from './records.js';
import { createDatabase, describeOnEachDatabase, type TestDatabase } from './test-databases.js';

@Entity('order sessions')
class OrderSession extends SessionEntity {
  @Column('varchar', { length: 20, nullable: true })
  tenant!: string | null;
}

class CreateOrderSessions1760000000000 extends CreateSessionsTable1700000000000 {
  override readonly table = 'order sessions';
}

@Entity('app_sessions')
class AppSession extends SessionEntity {}

class CreateAppSessions1760000000001 extends CreateSessionsTable1700000000000 {
  override readonly table = 'app_sessions';
}

/** Whether every kind of statement finds the table and its columns. */
async function keepsARecord(driver: DatabaseDriver): Promise<boolean> {
  const outcomes = [
    await driver.write('some-id', recordWith()),
    isDeepStrictEqual(await driver.read('some-id'), recordWith()),
    await driver.write('some-id', recordWith({ version: 2 })),
    await driver.touch('some-id', recordWith().expiresAt + 1),
    (await driver.collectGarbage(0)) === 0,
  ];
  await driver.destroy('some-id');
  return outcomes.every(Boolean) && (await driver.read('some-id')) === null;
}

describeOnEachDatabase('the table of sessions', (type) => {
  let database: TestDatabase;
  const sources: DataSource[] = [];

  async function connect(options: Partial<DataSourceOptions>): Promise<DataSource> {
    const source = new DataSource(Object.assign({}, database.options, options));
    await source.initialize();
    sources.push(source);
    return source;
  }

  beforeEach(async () => {
    database = await createDatabase(type);
  });
  afterEach(async () => {
    await Promise.all(sources.splice(0).map(async (source) => source.destroy()));
    await database.drop();
  });

  it('is the same whether the migration or the entity creates it', async () => {
    const source = await connect({
      entities: [SessionEntity],
      migrations: [CreateSessionsTable1700000000000],
      migrationsRun: true,
    });
    const pending = await source.driver.createSchemaBuilder().log();
    expect(pending.upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('is left unchanged by a second synchronization', async () => {
    const source = await connect({ entities: [SessionEntity], synchronize: true });
    const pending = await source.driver.createSchemaBuilder().log();
    expect(pending.upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('has the documented columns and indexes', async () => {
    const source = await connect({ entities: [SessionEntity], synchronize: true });
    const table = await source.createQueryRunner().getTable('sessions');
    const columns = new Map(table?.columns.map((column) => [column.name, column]));
    // In any order: MySQL lists them by name.
    expect(new Set(columns.keys())).toEqual(
      new Set([
        'id',
        'user_id',
        'ip_address',
        'user_agent',
        'payload',
        'last_activity',
        'last_activity_ms',
        'expires_at',
        'version',
      ]),
    );
    expect(table?.primaryColumns.map(({ name }) => name)).toEqual(['id']);
    const nullable = [...columns.values()].filter(({ isNullable }) => isNullable).map(({ name }) => name);
    expect(new Set(nullable)).toEqual(new Set(['user_id', 'ip_address', 'user_agent']));
    expect(columns.get('ip_address')?.length).toBe('45');
    expect(columns.get('payload')?.type).toBe(type === 'mariadb' ? 'longtext' : 'text');
    // SQLite's integers have 64 bits.
    expect(columns.get('last_activity')?.type).toBe(type === 'better-sqlite3' ? 'integer' : 'bigint');
    expect(columns.get('expires_at')?.type).toBe('bigint');
    const indexed = table?.indices.map(({ columnNames }) => columnNames.join()).toSorted();
    expect(indexed).toEqual(['expires_at', 'last_activity', 'user_id']);
  });

  it('is dropped when the migration is reverted', async () => {
    const source = await connect({ migrations: [CreateSessionsTable1700000000000], migrationsRun: true });
    const runner = source.createQueryRunner();
    expect(await runner.hasTable('sessions')).toBe(true);
    await source.undoLastMigration();
    expect(await runner.hasTable('sessions')).toBe(false);
    await runner.release();
  });

  it('is left unchanged by the migration if synchronization has created it before', async () => {
    await connect({ entities: [SessionEntity], synchronize: true });
    const source = await connect({ migrations: [CreateSessionsTable1700000000000], migrationsRun: true });
    expect(await keepsARecord(new DatabaseDriver({ dataSource: source }, contextWith()))).toBe(true);
  });

  it('works without an entity in the data source', async () => {
    const source = await connect({ migrations: [CreateSessionsTable1700000000000], migrationsRun: true });
    expect(await keepsARecord(new DatabaseDriver({ dataSource: source }, contextWith()))).toBe(true);
  });

  it('can have another name, even one that needs quotes, and additional columns', async () => {
    const source = await connect({ entities: [SessionEntity, OrderSession], synchronize: true });
    const driver = new DatabaseDriver({ dataSource: source, table: 'order sessions' }, contextWith());
    await driver.write('in-orders', recordWith());
    expect(await source.getRepository(OrderSession).countBy({ userId: '42' })).toBe(1);
    expect(await source.getRepository(SessionEntity).count()).toBe(0);
    expect(await keepsARecord(driver)).toBe(true);
  });

  it('does not drift from its entity under another name either', async () => {
    const source = await connect({
      entities: [SessionEntity, AppSession],
      migrations: [CreateSessionsTable1700000000000, CreateAppSessions1760000000001],
      migrationsRun: true,
    });
    const pending = await source.driver.createSchemaBuilder().log();
    expect(pending.upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('is found by its entity if there is only one and no name is set', async () => {
    const source = await connect({ entities: [AppSession], synchronize: true });
    expect(await keepsARecord(new DatabaseDriver({ dataSource: source }, contextWith()))).toBe(true);
  });

  it('is found by its name when there is no entity', async () => {
    const source = await connect({ migrations: [CreateOrderSessions1760000000000], migrationsRun: true });
    expect(
      await keepsARecord(new DatabaseDriver({ dataSource: source, table: 'order sessions' }, contextWith())),
    ).toBe(true);
  });

  it('uses the prefix of the data source in entity and migration alike', async () => {
    const source = await connect({
      entityPrefix: 'shop_',
      entities: [SessionEntity],
      migrations: [CreateSessionsTable1700000000000],
      migrationsRun: true,
    });
    const pending = await source.driver.createSchemaBuilder().log();
    expect(pending.upQueries.map(({ query }) => query)).toEqual([]);
    const withoutEntity = await connect({ entityPrefix: 'shop_' });
    for (const dataSource of [source, withoutEntity]) {
      expect(await keepsARecord(new DatabaseDriver({ dataSource }, contextWith()))).toBe(true);
    }
    expect(await source.createQueryRunner().hasTable('shop_sessions')).toBe(true);
  });

  it.skipIf(type === 'postgres').each(['synchronize', 'migrationsRun'])(
    'is that of its entity, under any of its names, if that has a schema, which TypeORM ignores, and the option %s',
    async (creating) => {
      class Visits extends SessionEntity {}
      Entity('visits', { schema: 'shop' })(Visits);
      class CreateVisits1760000000002 extends CreateSessionsTable1700000000000 {
        override readonly table = 'shop.visits';
      }
      const source = await connect({
        entityPrefix: 'app_',
        entities: [Visits],
        migrations: [CreateVisits1760000000002],
        [creating]: true,
      });
      for (const table of ['visits', 'app_visits', 'shop.visits', 'shop.app_visits']) {
        const driver = new DatabaseDriver({ dataSource: source, table }, contextWith());
        expect([table, await keepsARecord(driver)]).toEqual([table, true]);
      }
      expect(await source.createQueryRunner().hasTable('app_visits')).toBe(true);
    },
  );

  // SQLite has no schemas.
  describe.skipIf(type === 'better-sqlite3')('in a schema, or in a database of MySQL', () => {
    /** Where the tables of the test are anyway, to be named. */
    const placeOf = ({ driver }: DataSource): string =>
      type === 'postgres' ? 'public' : (driver.database ?? '');

    const migrationTo = (name: string) =>
      class CreateVisits1760000000002 extends CreateSessionsTable1700000000000 {
        override readonly table = name;
      };

    it.each(['synchronize', 'migrationsRun'])(
      'is that of its entity, under any of its names, if the data source has a prefix and the option %s',
      async (creating) => {
        const place = placeOf(await connect({}));
        class Visits extends SessionEntity {}
        Entity('visits', type === 'postgres' ? { schema: place } : { database: place })(Visits);
        const source = await connect({
          entityPrefix: 'app_',
          entities: [Visits],
          migrations: [migrationTo(`${place}.visits`)],
          [creating]: true,
        });
        const names = ['visits', 'app_visits', `${place}.visits`, `${place}.app_visits`];
        for (const options of [{}, ...names.map((table) => ({ table }))]) {
          const driver = new DatabaseDriver({ dataSource: source, ...options }, contextWith());
          await driver.write('listed', recordWith());
          expect([options, await source.getRepository(Visits).count()]).toEqual([options, 1]);
          await driver.destroy('listed');
          expect([options, await keepsARecord(driver)]).toEqual([options, true]);
        }
      },
    );

    it.skipIf(type === 'postgres')(
      'is not that of an entity whose schema has the name of that database',
      async () => {
        const place = placeOf(await connect({}));
        class Ignored extends SessionEntity {}
        Entity('visits', { schema: place })(Ignored);
        class Visits extends SessionEntity {}
        Entity('visits', { database: place })(Visits);
        const source = await connect({
          entityPrefix: 'app_',
          entities: [Ignored, Visits],
          synchronize: true,
        });
        const driver = new DatabaseDriver({ dataSource: source, table: `${place}.visits` }, contextWith());
        await driver.write('listed', recordWith());
        expect(await source.getRepository(Visits).count()).toBe(1);
      },
    );

    it('has exactly the name given if there is no entity, whatever the prefix of the data source', async () => {
      const name = `${placeOf(await connect({}))}.visits`;
      const source = await connect({
        entityPrefix: 'app_',
        migrations: [migrationTo(name)],
        migrationsRun: true,
      });
      const driver = new DatabaseDriver({ dataSource: source, table: name }, contextWith());
      expect(await keepsARecord(driver)).toBe(true);
      expect(await source.createQueryRunner().hasTable(name)).toBe(true);
    });
  });
});
