import { DataSource, type DataSourceOptions } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { DatabaseDriver } from '../../../lib/drivers/database/database.driver.js';
import { SessionConfigError } from '../../../lib/session.errors.js';
import { contextWith } from './records.js';

/** Opens the driver on a data source and returns the message of its SessionConfigError, or null. Contacts no server. */
async function complaintAbout(options: DataSourceOptions): Promise<string | null> {
  const driver = new DatabaseDriver({ dataSource: new DataSource(options) }, contextWith());
  try {
    await driver.open();
    return null;
  } catch (error) {
    if (!(error instanceof SessionConfigError)) throw error;
    return error.message;
  }
}

describe('a data source', () => {
  it.each(['latin1', 'utf8', 'UTF8_GENERAL_CI'])(
    'of MySQL or MariaDB whose charset %s would lose characters stops the boot',
    async (charset) => {
      for (const type of ['mysql', 'mariadb'] as const) {
        for (const options of [
          { type, charset },
          { type, extra: { charset } },
        ]) {
          expect(await complaintAbout(options)).toMatch(
            new RegExp(`charset "${charset}".*Set its charset to 'utf8mb4'`),
          );
        }
      }
    },
  );

  it('of MySQL or MariaDB with a charset that holds all characters is accepted', async () => {
    for (const type of ['mysql', 'mariadb'] as const) {
      expect(await complaintAbout({ type })).toBe(null);
      for (const charset of ['utf8mb4', 'UTF8MB4_UNICODE_CI']) {
        expect(await complaintAbout({ type, charset })).toBe(null);
      }
    }
  });
});
