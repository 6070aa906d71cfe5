import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';

/**
 * The commands that clients send to Redis during `work`, as the server sees them, except those inside scripts.
 *
 * @param concerns whether a command counts, given its arguments
 */
export async function seenCommands(
  client: Redis,
  concerns: (args: readonly string[]) => boolean,
  work: () => Promise<unknown>,
): Promise<string[]> {
  const monitor = await client.monitor();
  try {
    const seen: string[] = [];
    const marker = randomUUID();
    const sawMarker = new Promise<void>((resolve) => {
      monitor.on('monitor', (_time: string, args: string[], source: string) => {
        if (args.includes(marker)) resolve();
        if (source !== 'lua' && concerns(args)) seen.push(String(args[0]).toLowerCase());
      });
    });
    await work();
    await client.echo(marker);
    await sawMarker;
    return seen;
  } finally {
    monitor.disconnect();
  }
}
