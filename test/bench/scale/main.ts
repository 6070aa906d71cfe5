/** Measures the cost of one session in a store with a thousand sessions, and with a million. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensure } from '../../servers/ensure.js';
import { startPostgres } from '../../servers/postgres.js';
import { startRedisProcess } from '../../servers/redis.js';
import type { TestServer } from '../../servers/test-server.js';
import type { Measured, StoreTask } from './run-store.js';
import { storeKinds, type StoreKind } from './store.js';

const usage = `npm run bench -- scale [options]

  --only <stores>       some of ${storeKinds.map(({ name }) => name).join(', ')}
  --sizes <numbers>     how many sessions, ascending; default 1000,30000,1000000 (file: 100000 at most)
  --operations <n>      how many reads, and how many writes, at each size; default 2000
  --node 24|own         default 24
  --no-build            the package as it was built last`;

const program = fileURLToPath(new URL('run-store.js', import.meta.url));

const starters = { redis: startRedisProcess, postgres: startPostgres };

async function runStore(kind: StoreKind, sizes: readonly number[], operations: number): Promise<Measured[]> {
  if (kind.server !== undefined) {
    const trouble = ensure(kind.server);
    if (trouble !== null) throw new Error(trouble);
  }
  const server: TestServer | undefined =
    kind.server === undefined ? undefined : await starters[kind.server]();
  const folder = mkdtempSync(join(tmpdir(), 'session-scale-'));
  try {
    const url = server?.url ?? '';
    const task: StoreTask = { name: kind.name, sizes, operations, folder, redisUrl: url, postgresUrl: url };
    const child = fork(program, {
      // A million sessions of 1 KB in one process exceed Node's default heap limit.
      execArgv: ['--expose-gc', '--max-old-space-size=8192'],
      env: { ...process.env, BENCH_SCALE_TASK: JSON.stringify(task) },
    });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`"${kind.name}" ended with ${String(code)}`);
    });
    ended.catch(() => undefined);
    const [measured]: Measured[][] = await Promise.race([once(child, 'message'), ended]);
    return measured ?? [];
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await server?.stop();
  }
}

const inMicros = (ms: number): string => (ms * 1000).toFixed(ms < 0.01 ? 1 : 0);

function collectionCells({ collection }: Measured): string[] {
  if (collection === undefined) return ['by the store', '', '', ''];
  const { removed, tookMs, longestBlock, slowestReadMs } = collection;
  return [
    `${removed} in ${tookMs.toFixed(0)} ms`,
    blockCell(longestBlock.ms),
    blockCell(longestBlock.withoutGcMs),
    `${slowestReadMs.toFixed(1)} ms`,
  ];
}

/** The limit in the driver contract. */
const mostBlockMs = 20;

function blockCell(ms: number): string {
  return `${ms.toFixed(1)} ms${ms > mostBlockMs ? ` (**more than ${mostBlockMs}**)` : ''}`;
}

const heads = [
  'store',
  'sessions',
  'bytes per session',
  'read: median, p99 (us)',
  'write: median, p99 (us)',
  'expired, removed',
  'longest block',
  "without V8's own collection",
  'slowest read meanwhile',
];

function row(kind: StoreKind, measured: Measured): string {
  const { sessions, bytesPerSession, read, write } = measured;
  const cells = [
    kind.name,
    sessions.toLocaleString('en'),
    `${bytesPerSession.toFixed(0)} (${kind.medium})`,
    `${inMicros(read.median)}, ${inMicros(read.p99)}`,
    `${inMicros(write.median)}, ${inMicros(write.p99)}`,
    ...collectionCells(measured),
  ];
  return `| ${cells.join(' | ')} |`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: argv.slice(2),
    options: {
      only: { type: 'string' },
      sizes: { type: 'string', default: '1000,30000,1000000' },
      operations: { type: 'string', default: '2000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const names = values.only?.split(',') ?? storeKinds.map(({ name }) => name);
  const sizes = values.sizes.split(',').map(Number);
  if (!sizes.every((size) => Number.isInteger(size) && size > 0))
    throw new Error('--sizes takes whole numbers');

  console.log(
    `Node ${process.versions.node}; records of about 1 KB; ${values.operations} reads and writes, one after the other.\n`,
  );
  console.log(`| ${heads.join(' | ')} |\n| ${heads.map(() => '---').join(' | ')} |`);
  for (const name of names) {
    const kind = storeKinds.find((known) => known.name === name);
    if (kind === undefined) throw new Error(`There is no store "${name}". ${usage}`);
    const own = [...new Set(sizes.map((size) => Math.min(size, kind.most)))];
    const measured = await runStore(kind, own, Number(values.operations));
    for (const step of measured) console.log(row(kind, step));
  }
}

await main();
