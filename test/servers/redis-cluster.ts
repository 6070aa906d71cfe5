import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { externalUrl } from './ensure.js';
import { externalServer } from './external-server.js';
import { freeClusterPort } from './free-port.js';
import { startRedisProcess } from './redis.js';
import type { TestServer } from './test-server.js';

/** Three Redis masters that share the 16384 slots. Methods act on every node. */
export interface TestCluster {
  /** The argument of `new Cluster(...)`. */
  readonly urls: readonly string[];
  readonly nodes: readonly TestServer[];
  readonly external: boolean;
  stop(): Promise<void>;
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
  /** Resolves when every node knows all others and serves its slots. */
  restart(): Promise<void>;
}

const slotCount = 16_384;

async function withClient<T>(node: TestServer, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(node.url, { maxRetriesPerRequest: 1 });
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

/** Splits the slots into equal ranges, one per node. */
function slotsOf(index: number, count: number): number[] {
  const first = Math.floor((slotCount * index) / count);
  const end = Math.floor((slotCount * (index + 1)) / count);
  return Array.from({ length: end - first }, (_, offset) => first + offset);
}

async function join(nodes: readonly TestServer[]): Promise<void> {
  const [first, ...others] = nodes;
  if (first === undefined) throw new Error('A cluster needs nodes');
  for (const [index, node] of nodes.entries()) {
    await withClient(node, async (client) => {
      await client.cluster('SET-CONFIG-EPOCH', index + 1);
      await client.cluster('ADDSLOTS', ...slotsOf(index, nodes.length));
    });
  }
  await withClient(first, async (client) => {
    for (const other of others) await client.cluster('MEET', other.host, other.port);
  });
}

async function whenWhole(nodes: readonly TestServer[]): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (const node of nodes) {
    for (;;) {
      const info = await withClient(node, (client) => client.cluster('INFO'));
      if (info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodes.length}`)) break;
      if (Date.now() > deadline) throw new Error(`The cluster did not come together:\n${info}`);
      await sleep(25);
    }
  }
}

/** Starts a Redis Cluster, or uses the one of `SESSION_TEST_REDIS_CLUSTER_URLS` (comma-separated). */
export async function startRedisCluster(): Promise<TestCluster> {
  const external = externalUrl('redis-cluster');
  const nodes =
    external === undefined
      ? await startNodes(3)
      : external.split(',').map((url) => externalServer('redis-cluster', url.trim(), 6379));
  const each = async (work: (node: TestServer) => Promise<void>): Promise<void> => {
    await Promise.all(nodes.map(work));
  };
  return {
    urls: nodes.map((node) => node.url),
    nodes,
    external: external !== undefined,
    stop: () => each((node) => node.stop()),
    pause: () => nodes.forEach((node) => node.pause()),
    resume: () => nodes.forEach((node) => node.resume()),
    kill: () => each((node) => node.kill()),
    restart: async () => {
      await each((node) => node.restart());
      await whenWhole(nodes);
    },
  };
}

async function startNodes(count: number): Promise<TestServer[]> {
  const nodes: TestServer[] = [];
  try {
    // One after the other: a port found free for one node must not be found free for the next.
    for (let index = 0; index < count; index++) {
      const settings = { 'cluster-enabled': 'yes', 'cluster-config-file': 'nodes.conf' };
      nodes.push(await startRedisProcess({ port: await freeClusterPort(), settings }));
    }
    await join(nodes);
    await whenWhole(nodes);
    return nodes;
  } catch (error) {
    await Promise.all(nodes.map((node) => node.stop()));
    throw error;
  }
}
