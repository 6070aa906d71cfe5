import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, type DatabaseType } from '../../drivers/database/test-databases.js';
import { type Piece, startMemcached, startRedis } from '../../servers/index.js';
import { type StoreSetting, prepareStore } from './store-setting.js';

/** A store that any number of processes can use concurrently. */
export interface TestStore {
  readonly setting: StoreSetting;
  remove(): Promise<void>;
}

/** A kind of store, and what it requires on this machine. */
export interface StoreKind {
  readonly name: string;
  readonly pieces: readonly Piece[];
  make(): Promise<TestStore>;
}

const inDatabase = (type: DatabaseType, name: string): StoreKind => ({
  name,
  pieces: type === 'better-sqlite3' ? [] : [type],
  async make() {
    const database = await createDatabase(type);
    // SQLite locks the whole file for a write: with many writers, the last waits longer than the driver's tests allow.
    const source = type === 'better-sqlite3' ? { ...database.options, timeout: 60_000 } : database.options;
    const setting: StoreSetting = { driver: 'database', source };
    await prepareStore(setting);
    return { setting, remove: () => database.drop() };
  },
});

/** The matrix sets this to `no` on a Node version that better-sqlite3 was not built for. */
const CAN_OPEN_SQLITE = process.env['MATRIX_SQLITE'] !== 'no';

/** Every store that outlives a process. */
export const SHARED_STORES: readonly StoreKind[] = [
  {
    name: 'file',
    pieces: [],
    async make() {
      const location = await mkdtemp(join(tmpdir(), 'session-parallel-'));
      return { setting: { driver: 'file', location }, remove: () => rm(location, { recursive: true }) };
    },
  },
  {
    name: 'redis',
    pieces: ['redis'],
    async make() {
      const server = await startRedis();
      return {
        setting: { driver: 'redis', url: server.url, prefix: `${randomUUID()}:` },
        remove: () => server.stop(),
      };
    },
  },
  {
    name: 'memcached',
    pieces: ['memcached'],
    async make() {
      const server = await startMemcached();
      return {
        setting: {
          driver: 'memcached',
          servers: `${server.host}:${server.port}`,
          prefix: `${randomUUID()}:`,
        },
        remove: () => server.stop(),
      };
    },
  },
  ...(CAN_OPEN_SQLITE ? [inDatabase('better-sqlite3', 'SQLite')] : []),
  inDatabase('postgres', 'PostgreSQL'),
  inDatabase('mariadb', 'MariaDB'),
];
