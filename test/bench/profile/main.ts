/** Shows where one variant spends its time on one route. */
import { writeFileSync } from 'node:fs';
import { argv, env } from 'node:process';
import { parseArgs } from 'node:util';
import { startRedisProcess } from '../../servers/redis.js';
import { measure } from '../compare/rounds.js';
import { verify } from '../compare/verify.js';
import { load } from '../load/load.js';
import { stayAwake } from '../load/stay-awake.js';
import { readNodes } from '../server/nodes.js';
import { ServerProcess } from '../server/server-process.js';
import { seedSessions } from '../server/visitor.js';
import { findVariant } from '../variants/catalogue.js';
import { routes, type Route } from '../variants/variant.js';
import { groupTimes, selfTimes, type SelfTime } from './self-times.js';

const usage = `npm run bench -- profile <variant> [options]

  --route none|read|write   default read
  --seconds <n>             default 5
  --top <n>                 how many functions; default 30
  --save <file>             keep the profile, for a viewer (.cpuprofile)
  --node 24|own             default 24
  --no-build                the package as it was built last`;

const connections = 16;
const sessions = 64;

function isRoute(name: string): name is Route {
  return routes.some((route) => route === name);
}

/** The package of a function, according to its location in the profile. */
function packageOf(name: string): string {
  const place = name.split('  ')[1];
  if (place === undefined) return name.startsWith('(') ? name : 'V8 and native functions';
  if (place.startsWith('node:')) return 'Node';
  const [first = '', second = ''] = place.split('/');
  if (first === 'bench') return 'the benchmark';
  return first.startsWith('@') ? `${first}/${second}` : first;
}

function print(title: string, times: readonly SelfTime[]): void {
  console.log(`\n${title}\n`);
  for (const { name, micros } of times) console.log(`${micros.toFixed(2).padStart(8)}  ${name}`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    args: argv.slice(2),
    allowPositionals: true,
    options: {
      route: { type: 'string', default: 'read' },
      seconds: { type: 'string', default: '5' },
      top: { type: 'string', default: '30' },
      save: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const [name] = positionals;
  if (values.help || name === undefined) return console.log(usage);
  const [variant, { route }, [node]] = [findVariant(name), values, readNodes(env)];
  if (!isRoute(route)) throw new Error(`--route takes ${routes.join(', ')}, not "${route}"`);
  if (node === undefined) throw new Error('There is no Node to run on');

  const redis = variant.needsRedis === true ? await startRedisProcess() : undefined;
  const server = await ServerProcess.start(variant, {
    node: node.path,
    ...(redis === undefined ? {} : { redisUrl: redis.url }),
  });
  const awake = stayAwake();
  try {
    await verify(variant, server.url);
    const seconds = Number(values.seconds);
    await measure({ variant, server }, route, { seconds: 3, connections });
    const micros = await measure({ variant, server }, route, { seconds: 2, connections });
    const withCookie = route !== 'none' && variant.hasNoSession !== true;
    const cookies = withCookie ? await seedSessions(server.url, sessions) : [];
    await server.ask('start profile');
    const requests = await load({ url: server.url, path: route, cookies, connections, seconds });
    const profile = await server.ask('stop profile');
    if (values.save !== undefined) writeFileSync(values.save, JSON.stringify(profile));

    const times = selfTimes(profile, micros);
    console.log(
      `${variant.name}, /${route}, Node ${node.version.slice(1)}: ${micros.toFixed(1)} us of CPU per request ` +
        `without the profiler. Below, how the functions share them (self time, ${requests} requests sampled).`,
    );
    print('By package', groupTimes(times, packageOf));
    print('By function', times.slice(0, Number(values.top)));
  } finally {
    awake.release();
    await server.stop();
    await redis?.stop();
  }
}

await main();
