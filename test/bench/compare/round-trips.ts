import { CountingProxy } from '../server/counting-proxy.js';
import { ServerProcess } from '../server/server-process.js';
import { Visitor } from '../server/visitor.js';
import type { Variant } from '../variants/variant.js';

/** How often one request waits for the store. */
export interface RoundTrips {
  readonly read: number;
  readonly write: number;
}

const requests = 50;

async function perRequest(visitor: Visitor, path: string, count: () => Promise<number>): Promise<number> {
  const before = await count();
  // One after the other, so that no two requests share a round trip.
  for (let index = 0; index < requests; index++) await visitor.get(path);
  return Math.round((((await count()) - before) / requests) * 100) / 100;
}

/**
 * Counts the round trips of a variant: network round trips to Redis, or statements of an in-process database.
 *
 * @returns undefined for sessions in files or memory, where there is nothing to count
 */
export async function countRoundTrips(
  variant: Variant,
  node: string,
  redis: { host: string; port: number } | undefined,
): Promise<RoundTrips | undefined> {
  const isDatabase = variant.label.includes('SQLite');
  if (!isDatabase && variant.needsRedis !== true) return undefined;
  const proxy =
    variant.needsRedis === true && redis !== undefined ? await CountingProxy.start(redis) : undefined;
  const server = await ServerProcess.start(variant, {
    node,
    counts: true,
    ...(proxy === undefined ? {} : { redisUrl: `redis://127.0.0.1:${proxy.port}` }),
  });
  try {
    const count = async (): Promise<number> => proxy?.roundTrips ?? (await server.ask('statements'));
    const visitor = new Visitor(server.url);
    await visitor.get('seed');
    await visitor.get('write');
    const read = await perRequest(visitor, 'read', count);
    return { read, write: await perRequest(visitor, 'write', count) };
  } finally {
    await server.stop();
    await proxy?.stop();
  }
}
