import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';

/**
 * The commands that clients send to Redis while something is done, as the server itself sees them; those inside scripts are left out.
 *
 * @param concerns whether a command counts, by what it is given
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
