/** Lets parallel requests of one visitor run on two processes, and counts which of their updates survive. */
import { argv, env } from 'node:process';
import { parseArgs } from 'node:util';
import { startRedisProcess } from '../../servers/redis.js';
import { readNodes } from '../server/nodes.js';
import { ServerProcess } from '../server/server-process.js';
import { Visitor } from '../server/visitor.js';
import type { Variant } from '../variants/variant.js';
import { updateVariants } from './variants.js';

const usage = `npm run bench -- lost-updates [options]

  --requests <n>        how many run in parallel; default 50
  --runs <n>            how often; default 5, the table shows the worst and the best
  --node 24|own         default 24
  --no-build            the package as it was built last`;

/** How many updates of each kind are in the session. */
interface Kept {
  readonly counter: number;
  readonly list: number;
  readonly keys: number;
}

function countKept(session: unknown): Kept {
  const values = new Map<string, unknown>(Object.entries(session ?? {}));
  const list = values.get('list');
  return {
    counter: Number(values.get('counter')),
    list: Array.isArray(list) ? new Set(list).size : 0,
    keys: [...values.keys()].filter((key) => key.startsWith('key-')).length,
  };
}

async function runOnce(urls: readonly string[], requests: number): Promise<Kept> {
  const [first = ''] = urls;
  const visitor = new Visitor(first);
  await visitor.get('seed');
  const cookie = visitor.cookieHeader;
  const numbers = Array.from({ length: requests }, (_, number) => number);
  await Promise.all(
    numbers.map(async (number) => {
      const response = await fetch(`${urls[number % urls.length]}/update/${number}`, { headers: { cookie } });
      await response.text();
      if (response.status !== 200) throw new Error(`An update was answered with ${response.status}`);
    }),
  );
  return countKept((await visitor.get('all')).body);
}

function range(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? String(least) : `${least} to ${most}`;
}

async function measure(
  variant: Variant,
  node: string,
  redisUrl: string,
  requests: number,
  runs: number,
): Promise<string> {
  const servers = await Promise.all([0, 1].map(() => ServerProcess.start(variant, { node, redisUrl })));
  try {
    const kept: Kept[] = [];
    for (let run = 0; run < runs; run++) {
      kept.push(
        await runOnce(
          servers.map(({ url }) => url),
          requests,
        ),
      );
    }
    const cells = (['counter', 'list', 'keys'] as const).map((kind) => range(kept.map((one) => one[kind])));
    return `| ${[variant.label, ...cells].join(' | ')} |`;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: argv.slice(2),
    options: {
      requests: { type: 'string', default: '50' },
      runs: { type: 'string', default: '5' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const [requests, runs] = [Number(values.requests), Number(values.runs)];
  const [node] = readNodes(env);
  if (node === undefined) throw new Error('There is no Node to run on');
  const redis = await startRedisProcess();
  try {
    console.log(
      `${requests} parallel requests of one visitor on two processes and one Redis, Node ${node.version.slice(1)}. ` +
        `Each increments the counter, pushes to the list and puts a key of its own. What is there afterwards, ${runs} runs:\n`,
    );
    console.log('| | counter | list | keys |\n| --- | --- | --- | --- |');
    for (const variant of updateVariants) {
      console.log(await measure(variant, node.path, redis.url, requests, runs));
    }
  } finally {
    await redis.stop();
  }
}

await main();
