import { join } from 'node:path';
import { Client } from 'pg';
import { externalUrl, requireProgram } from './ensure.js';
import { externalServer } from './external-server.js';
import { prepareData } from './prepared-data.js';
import { runProgram } from './run-program.js';
import { startServer, type ServerPlace, type TestServer } from './test-server.js';

const dataOf = ({ folder }: ServerPlace): string => join(folder, 'data');

const urlOf = ({ host, port }: ServerPlace): string => `postgres://postgres@${host}:${port}/postgres`;

/** Data only has to survive `kill`, which ends the processes but not the machine, so no write waits for the disk. */
const settings = {
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  unix_socket_directories: '',
  // Fixed collation and messages, whatever the machine's locale.
  lc_messages: 'C',
};

async function probe(place: ServerPlace): Promise<void> {
  const client = new Client({ connectionString: urlOf(place), connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end();
  }
}

/** Starts PostgreSQL, or uses the one of `SESSION_TEST_POSTGRES_URL`. Takes about two seconds: see `sharedServer`. */
export async function startPostgres(): Promise<TestServer> {
  const external = externalUrl('postgres');
  if (external !== undefined) return externalServer('postgres', external, 5432);
  const initdb = requireProgram('initdb');
  return startServer({
    name: 'postgres',
    program: requireProgram('postgres'),
    account: 'postgres',
    prepare: (place) =>
      prepareData('postgres', dataOf(place), () =>
        runProgram(
          initdb,
          ['-D', dataOf(place), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
          place,
        ),
      ),
    args: (place) => [
      '-D',
      dataOf(place),
      '-h',
      place.host,
      '-p',
      String(place.port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    url: urlOf,
    probe,
    // PostgreSQL's "fast" and "immediate" shutdowns; SIGTERM would wait for every client to leave.
    endSignal: 'SIGINT',
    discardSignal: 'SIGQUIT',
  });
}
