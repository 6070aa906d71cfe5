import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SessionModuleOptions } from 'nestjs-session-kit';
import { type TestServer, describeWith, startRedis } from '../servers/index.js';
import { type Handler, HandlerApp } from '../support/handler-app.js';
import { seenCommands } from '../support/seen-commands.js';
import { PLATFORMS } from '../support/test-app.js';
import { ledgerPromises } from './ledger-promises.js';

describeWith(['redis'], 'stealth with a ledger in Redis', () => {
  let server: TestServer;
  let client: Redis;
  beforeAll(async () => {
    server = await startRedis();
    client = new Redis(server.url);
  });
  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });

  const inRedis = (stealth: SessionModuleOptions['stealth'], prefix = `${randomUUID()}:`) => ({
    driver: 'stealth',
    ...(stealth && { stealth }),
    redis: { url: server.url, prefix },
  });

  // On Fastify they are tested with a ledger in memory, by the same code.
  ledgerPromises(PLATFORMS[0], () => inRedis({ ledger: 'redis' }));

  /** The commands that each kind of request sends to Redis while no renewal is due for a minute. */
  async function questions(app: HandlerApp, prefix: string, begin: Handler<unknown>) {
    const visitor = app.visitor();
    await visitor.in(begin);
    const requests: [string, () => Promise<unknown>][] = [
      ['no cookie', () => app.visitor().in((session) => session.get('cart', 0))],
      ['read', () => visitor.in((session) => session.get('cart', 0))],
      ['write', () => visitor.in((session) => session.increment('cart'))],
      ['read again', () => visitor.in((session) => session.get('cart', 0))],
    ];
    const asked: Record<string, string[]> = {};
    const isOurs = (args: readonly string[]): boolean => args.some((arg) => arg.startsWith(prefix));
    for (const [name, request] of requests) asked[name] = await seenCommands(client, isOurs, request);
    return asked;
  }

  const signIn: Handler<unknown> = (session) => session.signIn('ann');
  const fill: Handler<unknown> = (session) => session.put('cart', 1);
  const [NOTHING, READ] = [[], ['get']];

  it.each(
    PLATFORMS.flatMap((platform) => [
      [platform, 'who is signed in', signIn] as const,
      [platform, 'who is not', fill] as const,
    ]),
  )(
    'sends one command for a request that reads, two for one that writes, and none without a ledger, on %s, for %s',
    async (platform, _who, begin) => {
      const prefix = `${randomUUID()}:`;
      await using app = await HandlerApp.start(platform, { options: inRedis({ ledger: 'redis' }, prefix) });
      // Loads the scripts into Redis.
      await questions(app, prefix, begin);
      expect(await questions(app, prefix, begin)).toEqual({
        'no cookie': NOTHING,
        read: READ,
        // A signed-in user's record is compared and replaced; for a session in the cookie alone, only its end is checked.
        write: begin === signIn ? ['get', 'evalsha'] : ['get', 'get'],
        'read again': READ,
      });
      await using alone = await HandlerApp.start(platform, { options: inRedis(undefined, prefix) });
      const asked = await questions(alone, prefix, begin);
      expect(Object.values(asked)).toEqual([NOTHING, NOTHING, NOTHING, NOTHING]);
    },
  );

  it.each(PLATFORMS)(
    'sends commands only for writes while its answers are cached, on %s',
    async (platform) => {
      const prefix = `${randomUUID()}:`;
      const stealth = { ledger: 'redis', ledgerEvery: '1h' };
      await using app = await HandlerApp.start(platform, { options: inRedis(stealth, prefix) });
      await questions(app, prefix, signIn);
      expect(await questions(app, prefix, signIn)).toEqual({
        'no cookie': NOTHING,
        read: NOTHING,
        write: ['evalsha'],
        'read again': NOTHING,
      });
    },
  );
});
