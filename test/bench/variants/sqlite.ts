import { createRequire } from 'node:module';
import { join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { Place } from './variant.js';

type Sqlite = typeof BetterSqlite3;

const project = new URL('../../../../../../package.json', import.meta.url);

/**
 * better-sqlite3 version 13 where it runs: older versions built for Node 24.19 and newer abort the process when a
 * statement is garbage collected. On Node 20, the project's own.
 */
export function loadSqlite(): Sqlite {
  const major = Number.parseInt(process.versions.node, 10);
  const sqlite: Sqlite = createRequire(major >= 22 ? import.meta.url : project)('better-sqlite3');
  return sqlite;
}

/** A data source on a separate SQLite file, with its tables created. */
export async function openSqlite(
  place: Pick<Place, 'folder' | 'onStatement'>,
  entities: NonNullable<DataSourceOptions['entities']>,
): Promise<DataSource> {
  const { onStatement } = place;
  const dataSource = new DataSource({
    type: 'better-sqlite3',
    driver: loadSqlite(),
    database: join(place.folder, 'sessions.sqlite'),
    enableWAL: true,
    // The usual SQLite settings in production; the same for all variants.
    prepareDatabase: (database: BetterSqlite3.Database) => {
      database.pragma('synchronous = NORMAL');
    },
    entities,
    synchronize: true,
    ...(onStatement === undefined ? {} : { verbose: onStatement }),
  });
  return dataSource.initialize();
}
