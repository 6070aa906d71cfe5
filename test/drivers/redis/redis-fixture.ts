import { randomUUID } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../lib/drivers/clock.js';
import type { SessionRecord } from '../../../lib/drivers/driver.js';
import { RedisDriver } from '../../../lib/drivers/redis/redis.driver.js';
import type { RedisDriverOptions } from '../../../lib/options/redis.options.js';

/** A record that lives for two hours. */
export function sampleRecord(changes: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  const record = { payload: '{"a":1}', version: 1, expiresAt: now + 7_200_000, lastActivity: now };
  return { ...record, userId: null, ipAddress: null, userAgent: null, ...changes };
}

/** An open driver; closed when the test ends. */
export async function openDriver(options: RedisDriverOptions, storeTimeout = 60_000): Promise<RedisDriver> {
  const driver = new RedisDriver(options, { clock: systemClock, storeTimeout });
  onTestFinished(() => driver.close());
  await driver.open();
  return driver;
}

/** A prefix or an id that no other test uses. */
export const unique = (): string => randomUUID();

/** Listens on a free port until the test ends. */
export async function startProxy(serve: (incoming: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const proxy = createServer((incoming) => {
    sockets.push(incoming);
    incoming.on('error', () => undefined);
    serve(incoming);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, '127.0.0.1', resolve);
  });
  const address = proxy.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
