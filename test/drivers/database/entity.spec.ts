import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { getDataSourceToken, getRepositoryToken, InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, LessThan, MoreThan, type Repository } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { DatabaseDriver } from '../../../lib/drivers/database/database.driver.js';
import { SessionEntity } from '../../../lib/drivers/database/session.entity.js';
import { SessionConfigError } from '../../../lib/session.errors.js';
import { clock, contextWith, recordWith } from './records.js';

const inMemory = { type: 'better-sqlite3', database: ':memory:', synchronize: true } as const;

@Injectable()
class Visitors {
  constructor(@InjectRepository(SessionEntity) readonly sessions: Repository<SessionEntity>) {}
}

const resolverOf =
  (app: TestingModule) =>
  (token: unknown): unknown =>
    typeof token === 'string' || typeof token === 'function' ? app.get(token, { strict: false }) : undefined;

describe('SessionEntity in a Nest application', () => {
  it('is registered in the entities of TypeOrmModule, and the driver finds the data source by itself', async () => {
    const app = await Test.createTestingModule({
      imports: [TypeOrmModule.forRoot({ ...inMemory, entities: [SessionEntity] })],
    }).compile();
    const resolve = resolverOf(app);
    const driver = new DatabaseDriver({}, contextWith({ resolve }));
    await driver.open();
    await driver.write('some-id', recordWith());
    const rows = await app.get(DataSource).getRepository(SessionEntity).find();
    expect(rows).toEqual([
      Object.assign(new SessionEntity(), { id: 'some-id', lastActivityMs: 0, ...recordWith() }),
    ]);
    await app.close();
  });

  it('is loaded by autoLoadEntities and injected as a repository', async () => {
    const app = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot({ ...inMemory, autoLoadEntities: true }),
        TypeOrmModule.forFeature([SessionEntity]),
      ],
      providers: [Visitors],
    }).compile();
    const driver = new DatabaseDriver({ dataSource: app.get(DataSource) }, contextWith());
    await driver.write('some-id', recordWith({ userId: '7' }));
    const { sessions } = app.get(Visitors);
    expect(app.get(getRepositoryToken(SessionEntity))).toBe(sessions);
    expect(await sessions.countBy({ userId: '7' })).toBe(1);
    await app.close();
  });

  it('can be registered in several named data sources, and the driver uses the one it is given the name of', async () => {
    const app = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot({ ...inMemory, entities: [SessionEntity] }),
        TypeOrmModule.forRoot({ ...inMemory, name: 'sessions', entities: [SessionEntity] }),
      ],
    }).compile();
    const resolve = resolverOf(app);
    const driver = new DatabaseDriver({ dataSource: 'sessions' }, contextWith({ resolve }));
    await driver.open();
    await driver.write('some-id', recordWith());
    const named = app.get<DataSource>(getDataSourceToken('sessions'));
    expect(await named.getRepository(SessionEntity).count()).toBe(1);
    expect(await app.get(DataSource).getRepository(SessionEntity).count()).toBe(0);
    await app.close();
  });
});

describe('SessionEntity in a repository', () => {
  it('returns epoch milliseconds and accepts them in conditions', async () => {
    const source = await new DataSource({ ...inMemory, entities: [SessionEntity] }).initialize();
    const driver = new DatabaseDriver({ dataSource: source }, contextWith());
    await driver.write('some-id', recordWith());
    const repository = source.getRepository(SessionEntity);
    expect(await repository.countBy({ lastActivity: MoreThan(clock.now() - 60_000) })).toBe(1);
    expect(await repository.countBy({ lastActivity: LessThan(clock.now() - 60_000) })).toBe(0);
    expect(await repository.countBy({ expiresAt: MoreThan(clock.now()) })).toBe(1);
    const [row] = await source.query<{ last_activity: number }[]>('SELECT last_activity FROM sessions');
    expect(row).toEqual({ last_activity: clock.now() / 1000 });
    await source.destroy();
  });
});

describe('the data source of the driver', () => {
  it('must exist: the error points to TypeOrmModule.forRoot and the option', async () => {
    const open = new DatabaseDriver({}, contextWith()).open();
    await expect(open).rejects.toThrow(SessionConfigError);
    await expect(open).rejects.toThrow(/TypeOrmModule\.forRoot.*'database\.dataSource'/);
  });

  it('must exist under the configured name: the error repeats the name', async () => {
    const open = new DatabaseDriver({ dataSource: 'reports' }, contextWith()).open();
    await expect(open).rejects.toThrow(SessionConfigError);
    await expect(open).rejects.toThrow(/named 'reports'/);
  });

  it('can be provided under a token of the application', async () => {
    const source = await new DataSource({ ...inMemory, entities: [SessionEntity] }).initialize();
    const resolve = (token: unknown): unknown => (token === 'DATA_SOURCE' ? source : undefined);
    const driver = new DatabaseDriver({ dataSource: 'DATA_SOURCE' }, contextWith({ resolve }));
    expect(await driver.write('some-id', recordWith())).toBe(true);
    await source.destroy();
  });

  it('is refused when it is not a data source or has an unsupported type', async () => {
    const options: object = { dataSource: {} };
    expect(() => new DatabaseDriver(options, contextWith())).toThrow(SessionConfigError);
    expect(() => new DatabaseDriver(options, contextWith())).toThrow(
      /'database.dataSource' got an object; it takes/,
    );
    const source = new DataSource({ ...inMemory });
    Object.assign(source, { options: { type: 'mssql' } });
    await expect(new DatabaseDriver({ dataSource: source }, contextWith()).open()).rejects.toThrow(
      /"mssql".*postgres, mysql, mariadb/,
    );
  });

  it('can be initialized after the application has booted; until then calls fail with an error that says so', async () => {
    const source = new DataSource({ ...inMemory, entities: [SessionEntity] });
    const driver = new DatabaseDriver({ dataSource: source }, contextWith());
    await driver.open();
    await expect(driver.read('some-id')).rejects.toThrow(/dataSource\.initialize\(\)/);
    await source.initialize();
    expect(await driver.read('some-id')).toBe(null);
    await source.destroy();
    await expect(driver.read('some-id')).rejects.toThrow(/dataSource\.initialize\(\)/);
  });

  it('stays open when the driver closes', async () => {
    const source = await new DataSource({ ...inMemory, entities: [SessionEntity] }).initialize();
    const driver = new DatabaseDriver({ dataSource: source }, contextWith());
    await driver.open();
    await driver.close();
    expect(source.isInitialized).toBe(true);
    await source.destroy();
  });

  it.each(['', 'a.', 'x"y', 'x`y', "x'y", 'a\0b', 'x'.repeat(64), 7])(
    'cannot have a table named %j',
    (table) => {
      const options: object = { table };
      expect(() => new DatabaseDriver(options, contextWith())).toThrow(SessionConfigError);
    },
  );
});
