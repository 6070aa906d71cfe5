/** Measures the cost of a session in this package and in others, and prints Markdown tables. */
import { argv, env, stderr, stdout } from 'node:process';
import { startRedisProcess } from '../../servers/redis.js';
import { loadProgram } from '../load/load.js';
import { stayAwake } from '../load/stay-awake.js';
import { hasCores } from '../server/cores.js';
import { readNodes, type BenchNode } from '../server/nodes.js';
import { ServerProcess } from '../server/server-process.js';
import { catalogue } from '../variants/catalogue.js';
import type { Variant } from '../variants/variant.js';
import { readOptions, usage, type CompareOptions } from './options.js';
import { countRoundTrips, type RoundTrips } from './round-trips.js';
import { runRounds, type Contestant } from './rounds.js';
import { renderTables } from './table.js';
import { verify } from './verify.js';

const report = (line: string): void => {
  stderr.write(`${line}\n`);
};

async function compareOn(
  node: BenchNode,
  options: CompareOptions,
  redis: { url: string; host: string; port: number } | undefined,
): Promise<string> {
  const contestants: Contestant[] = [];
  const roundTrips = new Map<Variant, RoundTrips>();
  try {
    for (const variant of options.variants) {
      const trips = await countRoundTrips(variant, node.path, redis);
      if (trips !== undefined) roundTrips.set(variant, trips);
      const server = await ServerProcess.start(variant, {
        node: node.path,
        ...(redis === undefined ? {} : { redisUrl: redis.url }),
      });
      contestants.push({ variant, server });
      await verify(variant, server.url);
      report(`${node.version}  ${variant.name}: works`);
    }
    const costs = await runRounds(contestants, options, (line) => report(`${node.version}  ${line}`));
    return renderTables(costs, roundTrips, node.version);
  } finally {
    await Promise.all(contestants.map(({ server }) => server.stop()));
  }
}

async function main(): Promise<void> {
  const options = readOptions(argv.slice(2));
  if (options === 'help') return console.log(usage);
  if (options === 'list')
    return console.log(catalogue.map(({ name, label }) => `${name}: ${label}`).join('\n'));
  const { rounds, seconds, connections } = options;
  const redis = options.variants.some(({ needsRedis }) => needsRedis) ? await startRedisProcess() : undefined;
  const awake = stayAwake();
  try {
    stdout.write(
      `CPU time of the server per request, in microseconds, above bare Nest doing the same work. Sessions of about 1 KB; ` +
        `${rounds} rounds of ${seconds} s, medians; ${connections} connections, ${loadProgram}; ` +
        `${hasCores ? 'server and load on a core each' : 'server and load share a core'}, ` +
        `${awake.held ? 'which do not sleep' : 'which may sleep in between: the servers pay for waking the load'}.\n`,
    );
    for (const node of readNodes(env)) {
      stdout.write(`\n${await compareOn(node, options, redis)}\n`);
    }
  } finally {
    awake.release();
    await redis?.stop();
  }
}

await main();
