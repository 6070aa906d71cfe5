import { readdirSync, statSync } from 'node:fs';
import { DatabaseDriver } from '../../../../lib/drivers/database/database.driver.js';
import { SessionEntity } from '../../../../lib/drivers/database/session.entity.js';
import { openSqlite } from '../../variants/sqlite.js';
import { fillOneByOne } from '../fill.js';
import type { OpenStore } from '../store.js';
import { contextOf } from './context.js';

export const openSqliteStore: OpenStore = async (place) => {
  const dataSource = await openSqlite({ folder: place.folder, onStatement: undefined }, [SessionEntity]);
  const driver = new DatabaseDriver({ dataSource }, contextOf(place));
  await driver.open();
  return {
    driver,
    fillWidth: 1,
    fill: async (records) => {
      // Durability does not matter while filling.
      await dataSource.query('PRAGMA synchronous = OFF');
      await dataSource.query('PRAGMA wal_autocheckpoint = 50000');
      await fillOneByOne(driver, 1, records);
      await dataSource.query('PRAGMA wal_autocheckpoint = 1000');
      await dataSource.query('PRAGMA synchronous = NORMAL');
    },
    settle: async () => {
      await dataSource.query('PRAGMA wal_checkpoint(TRUNCATE)');
    },
    size: async () =>
      readdirSync(place.folder).reduce((sum, name) => sum + statSync(`${place.folder}/${name}`).size, 0),
    close: async () => {
      await driver.close();
      await dataSource.destroy();
    },
  };
};
