import { DataSource } from 'typeorm';
import { CreateSessionsTable1700000000000 } from '../../lib/drivers/database/create-sessions-table.migration.js';
import { DatabaseDriver } from '../../lib/drivers/database/database.driver.js';
import { SessionEntity } from '../../lib/drivers/database/session.entity.js';
import { createDatabase, type DatabaseType } from '../drivers/database/test-databases.js';
import { describeWith } from '../servers/index.js';
import { describeRecordDriver, StoppedClock } from './conformance.js';

/** The conformance suite on one kind of database, with a table created by the migration. */
export function describeDatabaseDriver(type: DatabaseType): void {
  const pieces = type === 'better-sqlite3' ? [] : [type];
  describeWith(pieces, type, () => {
    describeRecordDriver(`The database driver on ${type}`, async () => {
      const clock = new StoppedClock();
      const database = await createDatabase(type);
      const sources: DataSource[] = [];

      async function openDriver(): Promise<DatabaseDriver> {
        const source = new DataSource(
          Object.assign({}, database.options, {
            entities: [SessionEntity],
            migrations: [CreateSessionsTable1700000000000],
          }),
        );
        sources.push(await source.initialize());
        await source.runMigrations();
        const driver = new DatabaseDriver(
          { dataSource: source },
          { clock, storeTimeout: 60_000, resolve: () => undefined },
        );
        await driver.open();
        return driver;
      }

      const driver = await openDriver();
      let second: Promise<DatabaseDriver> | undefined;
      return {
        driver,
        clock,
        openSecond: () => (second ??= openDriver()),
        corrupt: async (id) => {
          const { affected } = await sources[0]!
            .getRepository(SessionEntity)
            .update({ id }, { payload: 'escaped:half of it\\' });
          if (affected !== 1) throw new Error('There is no row to damage.');
        },
        close: async () => {
          await Promise.all(sources.map((source) => source.destroy()));
          await database.drop();
        },
      };
    });
  });
}
