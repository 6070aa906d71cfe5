import { DataSource } from 'typeorm';
import { DatabaseDriver } from '../../../../lib/drivers/database/database.driver.js';
import { SessionEntity } from '../../../../lib/drivers/database/session.entity.js';
import { fillOneByOne } from '../fill.js';
import { idOf } from '../records.js';
import type { OpenStore, RecordRange } from '../store.js';
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
    fill: (records) => copyOne(dataSource, driver, records),
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

/** The same ids as `idOf`. */
const idInSql = `rtrim(translate(encode(sha256(number::text::bytea), 'base64'), '+/', '-_'), '=')`;

/** Writes the first record through the driver; the server copies the others from it. */
async function copyOne(dataSource: DataSource, driver: DatabaseDriver, records: RecordRange): Promise<void> {
  const { from, to } = records;
  await fillOneByOne(driver, 1, { ...records, to: from + 1 });
  const id = idOf(from);
  const rows: Record<string, unknown>[] = await dataSource.query('SELECT * FROM sessions WHERE id = $1', [
    id,
  ]);
  const columns = Object.keys(rows[0] ?? {}).filter((column) => column !== 'id' && column !== 'payload');
  await dataSource.query(
    `INSERT INTO sessions (id, payload, ${columns.join(', ')})
     SELECT made.id, replace(payload, $4, left(made.id, 32)), ${columns.join(', ')}
     FROM sessions one, (SELECT ${idInSql} AS id FROM generate_series($2::bigint, $3::bigint) AS number) made
     WHERE one.id = $1`,
    [id, from + 1, to - 1, id.slice(0, 32)],
  );
}
