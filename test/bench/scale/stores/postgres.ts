import { DataSource } from 'typeorm';
import { DatabaseDriver } from '../../../../lib/drivers/database/database.driver.js';
import { SessionEntity } from '../../../../lib/drivers/database/session.entity.js';
import type { OpenStore } from '../store.js';
import { contextOf } from './context.js';

export const openPostgres: OpenStore = async (place) => {
  const dataSource = new DataSource({
    type: 'postgres',
    url: place.postgresUrl,
    entities: [SessionEntity],
    synchronize: true,
  });
  await dataSource.initialize();
  const driver = new DatabaseDriver({ dataSource }, contextOf(place));
  await driver.open();
  return {
    driver,
    fillWidth: 64,
    settle: async () => {
      await dataSource.query('VACUUM ANALYZE sessions');
    },
    size: async () => {
      const rows: { size: string }[] = await dataSource.query(
        `SELECT pg_total_relation_size('sessions') AS size`,
      );
      return Number(rows[0]?.size);
    },
    close: async () => {
      await driver.close();
      await dataSource.query('DROP TABLE sessions');
      await dataSource.destroy();
    },
  };
};
