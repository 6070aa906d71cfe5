import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { UserRecords } from '../../../lib/drivers/driver.js';
import type { RedisClient } from '../../../lib/options/redis.options.js';
import { describeWith, startRedis, type TestServer } from '../../servers/index.js';
import { seenCommands } from '../../support/seen-commands.js';
import { openDriver, sampleRecord, unique } from './redis-fixture.js';

const dayMs = 86_400_000;

describeWith(['redis'], 'the redis driver', () => {
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

  /** The commands that clients send to one key. */
  const commandsOn = (key: string, work: () => Promise<unknown>): Promise<string[]> =>
    seenCommands(client, (args) => args.includes(key), work);

  it('lists ten thousand sessions by pages, and a few as if nobody else had any', async () => {
    const prefix = `${unique()}:`;
    const driver = await openDriver({ url: server.url, prefix });
    const write = (userId: string) => driver.write(unique(), sampleRecord({ userId }));
    for (let at = 0; at < 3; at += 1) await write('bob');
    /** How many commands Redis is sent for all pages, and how many records are on each. */
    const listing = async (userId: string) => {
      const commandsSoFar = async (): Promise<number> =>
        Number(/total_commands_processed:(\d+)/.exec(await client.info('stats'))?.[1]);
      const before = await commandsSoFar();
      const sizes: number[] = [];
      for (let cursor: string | null = null; ;) {
        const page: UserRecords = await driver.listByUser(userId, cursor);
        sizes.push(page.records.length);
        ({ cursor } = page);
        if (cursor === null) return { commands: (await commandsSoFar()) - before, sizes };
      }
    };
    // Redis gets to know the script.
    await listing('bob');
    const alone = await listing('bob');
    expect(alone.sizes).toEqual([3]);
    for (let at = 0; at < 10_000; at += 500)
      await Promise.all(Array.from({ length: 500 }, () => write('ann')));
    expect(await listing('bob')).toEqual(alone);
    const { commands, sizes } = await listing('ann');
    expect(Math.max(...sizes)).toBeLessThan(1000);
    // Each record is read, once or on two pages, and each page is asked for.
    expect(commands).toBeLessThan(11_000);
  });

  it('makes one round trip for each operation', async () => {
    const prefix = unique();
    const driver = await openDriver({ client, prefix });
    // The first of each kind loads its script.
    await driver.write('warm', sampleRecord());
    await driver.touch('warm', Date.now() + dayMs);
    const seen = await commandsOn(`${prefix}id`, async () => {
      await driver.write('id', sampleRecord());
      await driver.read('id');
      await driver.touch('id', Date.now() + dayMs);
      await driver.destroy('id');
    });
    expect(seen).toEqual(['evalsha', 'get', 'evalsha', 'del']);
  });

  it('keeps one key per session, named by the prefix and the id', async () => {
    const driver = await openDriver({ client, prefix: `${unique()}:` });
    const other = await openDriver({ client });
    const id = unique();
    await other.write(id, sampleRecord());
    expect(await client.exists(`session:${id}`)).toBe(1);
    expect(await driver.read(id)).toBeNull();
    await other.destroy(id);
    expect(await client.exists(`session:${id}`)).toBe(0);
  });

  it.each([
    ['31 days', 31 * dayMs],
    ['ten years', 3_653 * dayMs],
  ])('lets Redis remove a record of %s at its end, written or touched', async (_what, lifetimeMs) => {
    const prefix = unique();
    const driver = await openDriver({ client, prefix });
    await driver.write('written', sampleRecord({ expiresAt: Date.now() + lifetimeMs }));
    await driver.write('touched', sampleRecord());
    await driver.touch('touched', Date.now() + lifetimeMs);
    for (const id of ['written', 'touched']) {
      const remaining = await client.pttl(`${prefix}${id}`);
      expect(remaining).toBeLessThanOrEqual(lifetimeMs);
      expect(remaining).toBeGreaterThan(lifetimeMs - 10_000);
    }
  });

  it('goes on after SCRIPT FLUSH', async () => {
    const driver = await openDriver({ client, prefix: unique() });
    const record = sampleRecord();
    expect(await driver.write('id', record)).toBe(true);
    await client.script('FLUSH');
    expect(await driver.write('id', { ...record, version: 2 })).toBe(true);
    await client.script('FLUSH');
    expect(await driver.touch('id', record.expiresAt + 1)).toBe(true);
    await client.script('FLUSH');
    expect(await driver.write('id', { ...record, version: 2 })).toBe(false);
  });

  it('takes a key of another type for no record, and replaces it', async () => {
    const prefix = unique();
    const driver = await openDriver({ client, prefix });
    await client.hset(`${prefix}id`, 'field', 'value');
    expect(await driver.read('id')).toBeNull();
    expect(await driver.touch('id', Date.now() + dayMs)).toBe(false);
    const record = sampleRecord();
    expect(await driver.write('id', record)).toBe(true);
    expect(await driver.read('id')).toEqual(record);
  });

  it('takes a record that was cut short for no record', async () => {
    const prefix = unique();
    const driver = await openDriver({ client, prefix });
    await driver.write('id', sampleRecord());
    const whole = (await client.get(`${prefix}id`)) ?? '';
    for (const length of [0, 10, 40, whole.length - 1]) {
      await client.set(`${prefix}id`, whole.slice(0, length));
      expect(await driver.read('id')).toBeNull();
    }
  });

  it('keeps payloads and ids with half a surrogate pair to the letter', async () => {
    const driver = await openDriver({ client, prefix: unique() });
    const [one, other] = ['id\ud800', 'id\udfff'];
    await driver.write(one, sampleRecord({ payload: 'half \ud83d of a smile' }));
    expect((await driver.read(one))?.payload).toBe('half \ud83d of a smile');
    expect(await driver.read(other)).toBeNull();
  });

  it('says that a write was stored when the client sent it twice over a lost connection', async () => {
    // What ioredis does by default after a reconnect: the first answer was lost, the second one counts.
    const twice: RedisClient = {
      status: 'ready',
      get: (key) => client.get(key),
      del: (key) => client.del(key),
      eval: (source, keys, ...rest) => client.eval(source, keys, ...rest),
      evalsha: async (sha1, keys, ...rest) => {
        await client.evalsha(sha1, keys, ...rest);
        return client.evalsha(sha1, keys, ...rest);
      },
    };
    const prefix = unique();
    const driver = await openDriver({ client, prefix });
    const resending = await openDriver({ client: twice, prefix });
    const record = sampleRecord();
    await driver.write('id', record);
    const next = { ...record, version: 2 };
    expect(await resending.write('id', next)).toBe(true);
    expect(await driver.write('id', next)).toBe(false);
    expect(await resending.write('id', next)).toBe(false);
  });

  it('leaves a client of the application open', async () => {
    const driver = await openDriver({ client, prefix: unique() });
    await driver.close();
    expect(await client.ping()).toBe('PONG');
  });
});
