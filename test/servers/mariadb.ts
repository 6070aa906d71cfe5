import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { externalUrl, requireProgram } from './ensure.js';
import { externalServer } from './external-server.js';
import { prepareData } from './prepared-data.js';
import { runProgram } from './run-program.js';
import { startServer, type ServerPlace, type TestServer } from './test-server.js';

const account = { name: 'tester', password: 'tester-password', database: 'session' };

const dataOf = ({ folder }: ServerPlace): string => join(folder, 'data');

const urlOf = ({ host, port }: ServerPlace): string =>
  `mysql://${account.name}:${account.password}@${host}:${port}/${account.database}`;

// Runs at each start before connections are accepted, so the server answers only once the account exists.
const initialStatements = [
  `CREATE DATABASE IF NOT EXISTS ${account.database} CHARACTER SET utf8mb4;`,
  `CREATE USER IF NOT EXISTS '${account.name}'@'%' IDENTIFIED BY '${account.password}';`,
  `GRANT ALL ON *.* TO '${account.name}'@'%';`,
];

async function probe(place: ServerPlace): Promise<void> {
  const connection = await createConnection({ uri: urlOf(place), connectTimeout: 2000 });
  try {
    await connection.query('SELECT 1');
  } finally {
    connection.destroy();
  }
}

/** Starts MariaDB, or uses the server of `SESSION_TEST_MYSQL_URL`. Takes seconds: see `sharedServer`. */
export async function startMariadb(): Promise<TestServer> {
  const external = externalUrl('mariadb');
  if (external !== undefined) return externalServer('mariadb', external, 3306);
  const installDb = requireProgram('mariadb-install-db', 'mysql_install_db');
  return startServer({
    name: 'mariadb',
    program: requireProgram('mariadbd', 'mysqld'),
    account: 'mysql',
    prepare: async (place) => {
      await writeFile(join(place.folder, 'init.sql'), `${initialStatements.join('\n')}\n`);
      await prepareData('mariadb', dataOf(place), () =>
        runProgram(
          installDb,
          [
            '--no-defaults',
            `--datadir=${dataOf(place)}`,
            '--auth-root-authentication-method=normal',
            '--skip-test-db',
            '--skip-name-resolve',
            '--innodb-log-file-size=8M',
          ],
          place,
        ),
      );
    },
    args: (place) => [
      '--no-defaults',
      `--datadir=${dataOf(place)}`,
      `--init-file=${join(place.folder, 'init.sql')}`,
      `--socket=${join(place.folder, 's')}`,
      `--pid-file=${join(place.folder, 'server.pid')}`,
      `--bind-address=${place.host}`,
      `--port=${place.port}`,
      '--skip-name-resolve',
      '--character-set-server=utf8mb4',
      // Data only has to survive `kill`, which ends the process but not the machine, so no write waits for the disk.
      '--innodb-flush-log-at-trx-commit=2',
      '--innodb-log-file-size=8M',
      '--innodb-buffer-pool-size=64M',
      '--max-connections=200',
    ],
    url: urlOf,
    probe,
  });
}
