import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DataSource, type DataSourceOptions, type Logger } from 'typeorm';
import { describeWith, sharedServer } from '../../servers/index.js';
import { makeScratchFolder } from '../../support/scratch-folder.js';

/** The databases that the driver supports, by the `type` of their data sources. */
export const databaseTypes = ['better-sqlite3', 'postgres', 'mariadb'] as const;
export type DatabaseType = (typeof databaseTypes)[number];

/** A fresh, empty database. */
export interface TestDatabase {
  readonly options: DataSourceOptions;
  drop(): Promise<void>;
}

/** `describe` once for each database; skipped with the reason if its server is not available. */
export function describeOnEachDatabase(name: string, body: (type: DatabaseType) => void): void {
  for (const type of databaseTypes) {
    describeWith(type === 'better-sqlite3' ? [] : [type], `${name} (${type})`, () => body(type));
  }
}

/** Creates an empty database: a file, or a database on the shared server. */
export async function createDatabase(type: DatabaseType): Promise<TestDatabase> {
  if (type === 'better-sqlite3') {
    const folder = makeScratchFolder('session-sqlite-');
    return {
      options: { type, database: join(folder, 'sessions.sqlite'), enableWAL: true, timeout: 50 },
      drop: () => rm(folder, { recursive: true, force: true }),
    };
  }
  const { url } = await sharedServer(type);
  const database = `session_${randomUUID().replaceAll('-', '')}`;
  const administrate = async (sql: string): Promise<void> => {
    const administration = await new DataSource({ type, url }).initialize();
    await administration.query(sql);
    await administration.destroy();
  };
  await administrate(`CREATE DATABASE ${database}`);
  const own = new URL(url);
  own.pathname = `/${database}`;
  return {
    options: { type, url: own.href },
    drop: () => administrate(`DROP DATABASE ${database}${type === 'postgres' ? ' WITH (FORCE)' : ''}`),
  };
}

/** Records the statements that a data source sends. */
export class StatementLog implements Logger {
  readonly statements: string[] = [];

  logQuery(statement: string): void {
    this.statements.push(statement);
  }
  logQueryError(): void {
    // The failed statement is in the list already.
  }
  logQuerySlow(): void {
    // Not recorded.
  }
  logSchemaBuild(): void {
    // Not recorded.
  }
  logMigration(): void {
    // Not recorded.
  }
  log(): void {
    // Not recorded.
  }
}
