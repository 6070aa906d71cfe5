import { createRequire } from 'node:module';
import { join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { Place } from './variant.js';

type Sqlite = typeof BetterSqlite3;

function load(parent: URL): Sqlite {
  const sqlite: Sqlite = createRequire(parent)('better-sqlite3');
  // The native part is loaded with the first database.
  new sqlite(':memory:').close();
  return sqlite;
}

/**
 * better-sqlite3 as built for the Node that runs: the project's own copy, or the one of this folder, which the
 * benchmark builds for the Node that it brings along.
 */
export function loadSqlite(): Sqlite {
  const here = new URL(import.meta.url);
  try {
    return load(new URL('../../../../../../package.json', here));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_DLOPEN_FAILED')) throw error;
    return load(here);
  }
}

/** A data source on an SQLite file of the variant's own, with its tables made. */
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
    // As most do who run SQLite in production; the same for all variants.
    prepareDatabase: (database: BetterSqlite3.Database) => {
      database.pragma('synchronous = NORMAL');
    },
    entities,
    synchronize: true,
    ...(onStatement === undefined ? {} : { verbose: onStatement }),
  });
  return dataSource.initialize();
}
